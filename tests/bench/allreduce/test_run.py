"""What is measured in which order, that rows are kept at once, and that an interrupted run goes on behind them."""

from pathlib import Path
from typing import Any

import pytest

from nas_cli.bench.allreduce.job import Job, OnRows
from nas_cli.bench.allreduce.method import HOROVOD, PULL, SERVED, Method
from nas_cli.bench.allreduce.row import completed, ring_row, served_row, with_shares
from nas_cli.bench.allreduce.run import MessagePlan, measuring, summarise
from nas_cli.errors import ConfigError
from nas_cli.runs.folder import RunFolder

Seen = list[tuple[str, int]]

EVERYTHING = [(what, size) for what in ("fusion 128", "fusion 0", "server") for size in (4000, 8000)]


def plan(*processes: int, **changed: Any) -> MessagePlan:
    given: dict[str, Any] = {
        "processes": processes, "sizes": (4000, 8000), "cycles_ms": (1.0,), "fusions_mb": (0, 128), "pieces": 2,
        "rounds": 1, "threads": None, "cores": 2, "collective": "gloo",
    }  # fmt: skip
    return MessagePlan(**given | changed)


def row(method: Method, job: Job, size: int) -> dict[str, Any]:
    if method.method in SERVED:
        return served_row(method, size, job.processes, [[(0.0, 0.1)]], 0.1)
    return ring_row(method, size, job.processes, [0.1], 0.1, 1)


def carry_out(run: RunFolder, wanted: MessagePlan, stop_after: int = 99) -> Seen:
    seen: Seen = []

    def carry(job: Job, on_rows: OnRows) -> None:
        for size in job.sizes:
            if len(seen) == stop_after:
                raise KeyboardInterrupt
            seen.append(("server" if job.served else f"fusion {job.methods[-1].fusion_mb}", size))
            made = with_shares(row(method, job, size) for method in job.methods)
            on_rows([completed(one, job.collective, job.cores) for one in made])

    with measuring(run, wanted, {"command": "bench", "mode": "allreduce"}, launched=1.0) as session:
        if session is not None:
            session.carry_out(carry, lambda rows: None)
    return seen


def test_the_ring_comes_first_and_every_method_has_a_row_of_every_size(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    assert carry_out(run, plan(2)) == EVERYTHING
    summary = summarise(run.events(), run)
    assert summary["status"] == "completed"
    assert [one["method"] for one in summary["rows"][:4]] == ["shift", "memcpy", HOROVOD, HOROVOD]
    # With another setting the ceilings are measured again, and only said in its rows.
    assert [one["method"] for one in summary["rows"][8:10]] == [HOROVOD, HOROVOD]
    assert summary["rows"][9]["shift_gb_per_second"] > 0
    assert summary["rows"][-2]["method"] == PULL
    assert [(one["message_bytes"], one["share_of_shift"]) for one in summary["best_settings"]] == [
        (4000, 1.0), (8000, 1.0),
    ]  # fmt: skip
    assert summary["timeline"] == []


@pytest.mark.parametrize("stop_after", [0, 1, 2, 3, 5])
def test_a_run_that_was_stopped_goes_on_behind_its_last_size(tmp_path: Path, stop_after: int) -> None:
    run, wanted = RunFolder(tmp_path), plan(2)
    with pytest.raises(KeyboardInterrupt):
        carry_out(run, wanted, stop_after)
    if stop_after:
        assert summarise(run.events(), run)["status"] == "interrupted"
    assert carry_out(run, wanted) == EVERYTHING[stop_after:]
    assert carry_out(run, wanted) == []
    rows = summarise(run.events(), run)["rows"]
    assert len(rows) == 2 * (5 + 2)


def test_threads_are_a_share_of_the_cores() -> None:
    assert [job.threads for job in plan(2, 4, cores=4).jobs()] == [2, 2, 2, 1, 1, 1]


def test_one_process_is_refused() -> None:
    with pytest.raises(ConfigError, match="-np 1: one process has nobody to send to; take at least 2"):
        plan(2, 1)


def test_timelines_are_named_in_the_summary(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    carry_out(run, plan(2))
    (tmp_path / "timeline").mkdir()
    (tmp_path / "timeline" / "4000.json").touch()
    assert summarise(run.events(), run)["timeline"] == ["timeline/4000.json"]
