"""What is measured in which order, that a row is kept at once, and that an interrupted run goes on behind it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nas_cli.bench.measuring.measurement import Measurement
from nas_cli.bench.measuring.plan import MeasuringPlan
from nas_cli.bench.measuring.run import measuring, summarise
from nas_cli.distributed.hosts import Host
from nas_cli.errors import LaunchError
from nas_cli.runs.folder import RunFolder

Seen = list[tuple[str, int, int]]


def plan(mode: str, *processes: int, models: tuple[str, ...] = ("small",)) -> MeasuringPlan:
    return MeasuringPlan(
        mode=mode, models=models, processes=processes, servers=1, batch=4, image_size=8, iterations=2, warmup=1, seed=0,
        cores=2,
    )  # fmt: skip


def measured(job: Measurement) -> dict[str, Any]:
    worker = {"seconds": [1.0, 1.0], "wall": 2.0, "cpu_seconds": 1.0, "sent_bytes": 0, "peak_bytes": 1000}
    return {"tensors": [10], "workers": [worker] * job.processes, "collective": "gloo"}


def carry_out(run: RunFolder, wanted: MeasuringPlan, stop_after: int = 99, free: float = 1e9) -> Seen:
    seen: Seen = []

    def carry(job: Measurement) -> dict[str, Any]:
        if len(seen) == stop_after:
            raise KeyboardInterrupt
        seen.append((job.mode, job.processes, job.threads))
        return measured(job)

    with measuring(run, wanted, {"command": "bench", "mode": wanted.mode}, launched=1.0) as session:
        if session is not None:
            session.carry_out(carry, lambda: free, lambda row: None)
    return seen


def test_baselines_come_first_and_with_the_same_threads(tmp_path: Path) -> None:
    seen = carry_out(RunFolder(tmp_path), plan("ring-allreduce", 4))
    assert seen == [("independent", 1, 1), ("independent", 1, 2), ("independent", 4, 1), ("ring-allreduce", 4, 1)]
    summary = summarise(RunFolder(tmp_path).events())
    assert [row["kind"] for row in summary["rows"]] == ["measured", "reference", "measured", "measured"]
    assert summary["rows"][3]["efficiency"] == pytest.approx(1.0)
    assert summary["status"] == "completed"


def test_processes_on_several_hosts_share_the_cores_of_theirs() -> None:
    hosts = (Host("localhost", 2), Host("other", 2))
    (made,) = replace(plan("ps-sync", 4), cores=4, hosts=hosts).jobs()
    assert (made.own.threads, made.own.crowd) == (2, 3)  # two workers and the server on the first host
    assert (made.without.crowd, made.single.crowd, made.single.must_fit) == (2, 1, 2)


@pytest.mark.parametrize(("hosts", "cluster"), [((), "localhost"), ((Host("one", 1), Host("two", 1)), "")])
def test_rows_of_named_hosts_calibrate_any_profile(tmp_path: Path, hosts: tuple[Host, ...], cluster: str) -> None:
    run = RunFolder(tmp_path)
    carry_out(run, replace(plan("ring-allreduce", 2), hosts=hosts))
    assert {row["cluster"] for row in summarise(run.events())["rows"]} == {cluster}


def test_nothing_is_measured_twice(tmp_path: Path) -> None:
    seen = carry_out(RunFolder(tmp_path), plan("independent", 1, 2, 4))
    assert seen == [("independent", 1, 2), ("independent", 1, 1), ("independent", 2, 1), ("independent", 4, 1)]


def test_a_run_that_was_stopped_goes_on_behind_its_last_row(tmp_path: Path) -> None:
    run, wanted = RunFolder(tmp_path), plan("ring-allreduce", 2)
    with pytest.raises(KeyboardInterrupt):
        carry_out(run, wanted, stop_after=2)
    assert summarise(run.events())["status"] == "interrupted"
    assert carry_out(run, wanted) == [("independent", 2, 1), ("ring-allreduce", 2, 1)]
    assert carry_out(run, wanted) == []
    assert len(summarise(run.events())["rows"]) == 4


def test_processes_for_which_there_is_no_memory_are_not_started(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match=r"4 processes need .* -np 2 or a smaller bench\.batch would fit"):
        carry_out(RunFolder(tmp_path), plan("ring-allreduce", 4), free=2500)
