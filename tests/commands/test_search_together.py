"""`nas search -np N`, and searches whose processes are killed, from the outside."""

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from nas_cli.commands.machine import cores, worker_settings
from nas_cli.commands.parallel import Processes, _wanted
from nas_cli.commands.search_together import memory_bytes, together
from nas_cli.config import load_config
from nas_cli.distributed.launcher import MARK, processes_of
from nas_cli.distributed.ring import RANK
from nas_cli.errors import LaunchError, RunError
from nas_cli.runs.folder import create_run
from tests.commands.test_parallel import NAS, errors, events, nas, needs_horovod, processes

TINY = ["dataset.train_size=100", "dataset.valid_size=50", "dataset.test_size=50", "training.epochs=1",
        "strategy.generations=2", "strategy.population=3", "space.max_flops=5e6", "deterministic=true"]  # fmt: skip
TIMES = ("seconds", "images_per_second", "time", "worker")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["space=nasbench201", "estimator=table", "strategy=random"], "works in the process of the search: leave -np"),
        (["estimator=zero_cost", "resources.parallel=data"], "needs estimator=train or morph without a filter"),
        (["estimator.filter.proxy=synflow", "resources.parallel=data"], "needs estimator=train or morph without a fil"),
    ],
)
def test_what_several_processes_cannot_do_is_said_before_they_start(overrides: list[str], message: str) -> None:
    with pytest.raises(LaunchError, match=message):
        memory_bytes(load_config("search", overrides))


def test_every_worker_needs_memory_and_trials_of_all_need_it_once() -> None:
    one, two, joint = (
        memory_bytes(load_config("search", [*TINY, override]))
        for override in ("resources.workers=1", "resources.workers=2", "resources.parallel=data")
    )
    assert one is not None and two == 2 * one
    assert joint == pytest.approx(one - 600e6)


def test_too_many_processes_for_the_slots_are_one_line(tmp_path: Path) -> None:
    done = nas("search", *TINY, "-np", "3", "-H", "localhost:2", "--out", str(tmp_path / "run"))
    assert done.returncode == 1
    assert "there are 2 slots" in errors(done)[0]
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (Processes(), Processes(4, "localhost:2,other:2")),
        (Processes(4), Processes(4, "localhost:2,other:2")),
        (Processes(2), Processes(2)),
        (Processes(1), Processes(1)),
        (Processes(None, "localhost:3"), Processes(None, "localhost:3")),
    ],
)
def test_a_search_goes_on_with_any_number_of_processes(tmp_path: Path, asked: Processes, wanted: Processes) -> None:
    run = create_run(tmp_path / "run", {}, {})
    run.write_json("launch.json", {"processes": 4, "hosts": "localhost:2,other:2"})
    trials, data = (load_config("search", [f"resources.parallel={what}"]) for what in ("trials", "data"))
    assert _wanted(asked, run, together().any_number(trials)) == wanted
    if asked.number in (1, 2):
        with pytest.raises(RunError, match="was begun with -np 4"):
            _wanted(asked, run, together().any_number(data))


def test_processes_of_a_host_share_its_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nas_cli.commands.machine.cores", lambda: 8)
    config = load_config("search", ["resources.workers=2"])
    assert worker_settings(config).threads == 4
    monkeypatch.setenv("HOROVOD_LOCAL_SIZE", "2")
    assert worker_settings(config).threads == 2
    assert cores() > 0


def trials(run: Path) -> list[dict[str, Any]]:
    return [event for event in events(run) if event["event"] == "trial"]


def untimed(value: Any) -> Any:
    """A journal's value without what another day would change."""
    if isinstance(value, dict):
        return {key: untimed(one) for key, one in value.items() if not key.endswith(TIMES)}
    return [untimed(one) for one in value] if isinstance(value, list) else value


def results(run: Path) -> tuple[Any, Any]:
    tests = [untimed(event) for event in events(run) if event["event"] == "test"]
    return sorted(map(untimed, trials(run)), key=lambda event: event["id"]), tests


def begin(run: Path, more_than: int, *arguments: str) -> subprocess.Popen[str]:
    """A search that has finished `more_than` trials and goes on."""
    process = subprocess.Popen(
        [*NAS, "search", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    limit = time.monotonic() + 300
    while len(trials(run)) <= more_than:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < limit
        time.sleep(0.05)
    return process


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("alone") / "run"
    assert nas("search", *TINY, "resources.workers=2", "--out", str(run)).returncode == 0
    return run


def ranks(run: Path) -> list[psutil.Process]:
    """The processes of a job, by rank, without their workers."""
    own = [one for one in processes(run) if one.cmdline()[1:3] == ["-m", "nas_cli"] and RANK in one.environ()]
    return sorted(own, key=lambda one: int(one.environ()[RANK]))


def workers(process: psutil.Process) -> list[psutil.Process]:
    """The worker processes that are busy, found by the command that multiprocessing gives them."""
    found = [one for one in process.children(recursive=True) if "spawn_main" in " ".join(one.cmdline())]
    return sorted(found, key=lambda one: -sum(one.cpu_times()[:2]))


@pytest.mark.slow
@pytest.mark.parametrize("retries", [0, 1])
def test_a_killed_worker_costs_its_trial_or_nothing(tmp_path: Path, alone: Path, retries: int) -> None:
    run = tmp_path / "run"
    options = [*TINY, "resources.workers=2", f"resources.retries={retries}", "--out", str(run)]
    process = begin(run, 0, *options)
    workers(psutil.Process(process.pid))[0].kill()
    process.communicate(timeout=300)
    assert process.returncode == 0
    failed = [event for event in trials(run) if event["status"] == "failed"]
    assert all(event["reason"] == "crashed: signal 9" for event in failed)
    # A worker may be killed between two trials, and then costs none.
    assert len(failed) <= 1 - retries
    assert len(trials(run)) == 6
    if not failed:
        assert results(run) == results(alone)


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, str]:
    """A run of two processes stopped by Ctrl-C, the exit code, and what was printed."""
    run = tmp_path_factory.mktemp("together") / "run"
    process = begin(run, 0, *TINY, "resources.workers=1", "-np", "2", "--out", str(run))
    mark = ranks(run)[0].environ()[MARK]
    # horovodrun, two processes with a worker each, and what multiprocessing starts beside them.
    assert len(processes_of(mark)) >= 5
    process.send_signal(signal.SIGINT)
    printed = process.communicate(timeout=300)[1]
    assert processes_of(mark) == []
    return run, process.returncode, printed


@needs_horovod
@pytest.mark.horovod
@pytest.mark.slow
class TestTwoProcesses:
    def test_ctrl_c_leaves_a_run_that_can_be_resumed_and_no_process(self, interrupted: tuple[Path, int, str]) -> None:
        run, code, printed = interrupted
        assert code == 130
        assert "2 processes on localhost:2, each with 1 worker" in printed
        assert f"nas search --resume {run}" in printed
        assert processes(run) == []
        assert events(run)[-1]["event"] == "stop"
        assert json.loads((run / "summary.json").read_text())["status"] == "interrupted"

    def test_a_killed_process_ends_all_with_one_line_and_any_number_finishes(
        self, interrupted: tuple[Path, int, str], alone: Path
    ) -> None:
        """And what they find, killed and resumed, is what one process finds."""
        run = interrupted[0]
        process = begin(run, len(trials(run)), "--resume", str(run))
        second = ranks(run)[1]
        mark = second.environ()[MARK]
        second.kill()
        printed = process.communicate(timeout=300)[1]
        assert process.returncode == 1
        (line,) = [line for line in printed.splitlines() if line.startswith("Error: ")]
        assert "process 1 of 2 was killed by signal 9" in line
        assert line.endswith(f"nas search --resume {run}")
        assert processes_of(mark) == []
        assert nas("search", "--resume", str(run), "-np", "1").returncode == 0
        assert results(run) == results(alone)

    def test_two_processes_find_what_one_finds(self, tmp_path: Path, alone: Path) -> None:
        run = tmp_path / "run"
        done = nas("search", *TINY, "resources.workers=1", "-np", "2", "--out", str(run))
        assert done.returncode == 0, done.stderr
        assert results(run) == results(alone)
        assert {event["worker"] for event in trials(run)} == {0, 1}

    def test_two_processes_train_every_trial_together(self, tmp_path: Path) -> None:
        run = tmp_path / "run"
        options = ["resources.parallel=data", "training.batch_size=16", "strategy.generations=1"]
        tiny = [text for text in TINY if not text.startswith("strategy.generations")]
        done = nas("search", *tiny, *options, "-np", "2", "--out", str(run))
        assert done.returncode == 0, done.stderr
        assert "each trial trained by all, batches of 2 x 16 examples" in done.stderr
        assert [event["status"] for event in trials(run)] == ["ok"] * 3
        assert (run / "best" / "model.keras").exists()
        assert events(run)[0]["processes"] == 2
        assert processes(run) == []
