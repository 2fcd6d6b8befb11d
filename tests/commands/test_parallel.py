"""`nas train -np N` from the outside."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from nas_cli.commands.parallel import Processes, _wanted
from nas_cli.errors import RunError
from nas_cli.runs.folder import create_run

NAS = [sys.executable, "-m", "nas_cli"]
TINY = ["dataset.train_size=200", "dataset.valid_size=50", "dataset.test_size=50", "training.precision=float32",
        "--model", "lenet_300_100"]  # fmt: skip

needs_horovod = pytest.mark.skipif(importlib.util.find_spec("horovod") is None, reason="Horovod is not installed")


def nas(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    surroundings = {**os.environ, **environment}
    return subprocess.run([*NAS, *arguments], capture_output=True, text=True, check=False, env=surroundings)


def errors(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert "Traceback" not in done.stderr
    return [line for line in done.stderr.splitlines() if line.startswith("Error: ")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-np", "0"], "-np 0: must be at least 1"),
        (["-np", "3", "-H", "localhost:2"], "there are 2 slots"),
        (["-H", "localhost"], "must be a host with its number of slots"),
        (["-np", "2", "training.batch_size=100000000"], "GB are free: use a smaller -np or training.batch_size"),
    ],
)
def test_what_cannot_be_started_is_one_line_and_leaves_nothing(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    if "training.batch_size=100000000" in arguments and importlib.util.find_spec("horovod") is None:
        pytest.skip("Horovod is not installed")
    done = nas("train", *TINY, *arguments, "--out", str(tmp_path / "run"))
    assert done.returncode == 1
    (line,) = errors(done)
    assert message in line
    assert not (tmp_path / "run").exists()


def test_a_process_that_horovodrun_has_started_says_what_to_do(tmp_path: Path) -> None:
    done = nas("train", *TINY, "--out", str(tmp_path / "run"), HOROVOD_RANK="1")
    assert "use `nas train -np N` instead" in errors(done)[0]


@pytest.mark.parametrize("asked", [["-H", "localhost:2"], ["-np", "2"]])
def test_a_run_of_one_process_goes_on_as_one(tmp_path: Path, asked: list[str]) -> None:
    folder = create_run(tmp_path / "run", {"command": "train"}, {})
    with folder.journal() as journal:
        journal.append({"event": "start", "seed": 0})
    given = Processes(int(asked[1]), None) if asked[0] == "-np" else Processes(None, asked[1])
    with pytest.raises(RunError, match="was begun with one process: resume it without -np and -H"):
        _wanted(given, folder)
    assert _wanted(Processes(1), folder) == Processes(1)


def processes(run: Path) -> list[psutil.Process]:
    """All living processes that work on a run."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(run) in " ".join(process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def events(run: Path) -> list[dict[str, Any]]:
    journal = run / "journal.jsonl"
    text = journal.read_text() if journal.exists() else ""
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


def epochs(run: Path) -> list[int]:
    return [int(event["epoch"]) for event in events(run) if event["event"] == "epoch"]


def begin(run: Path, more_than: int, *arguments: str) -> subprocess.Popen[str]:
    """A training that has finished `more_than` epochs and goes on."""
    process = subprocess.Popen(
        [*NAS, "train", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    limit = time.monotonic() + 300
    while len(epochs(run)) <= more_than:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < limit
        time.sleep(0.1)
    return process


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, str]:
    """A run of two processes stopped by Ctrl-C, the exit code, and what was printed."""
    run = tmp_path_factory.mktemp("parallel") / "run"
    process = begin(run, 1, *TINY, "training.epochs=100000", "-np", "2", "--out", str(run))
    process.send_signal(signal.SIGINT)
    printed = process.communicate(timeout=120)[1]
    return run, process.returncode, printed


@needs_horovod
@pytest.mark.horovod
class TestTwoProcesses:
    def test_ctrl_c_leaves_a_run_that_can_be_resumed_and_no_process(self, interrupted: tuple[Path, int, str]) -> None:
        run, code, printed = interrupted
        assert code == 130
        assert "epoch 1/100000" in printed
        assert f"nas train --resume {run}" in printed
        assert processes(run) == []
        assert events(run)[-1]["event"] == "stop"
        assert json.loads((run / "summary.json").read_text())["status"] == "interrupted"

    def test_a_run_keeps_its_number_of_processes(self, interrupted: tuple[Path, int, str]) -> None:
        done = nas("train", "--resume", str(interrupted[0]), "-np", "3")
        assert "was begun with -np 2, not 3" in errors(done)[0]

    def test_a_killed_process_ends_all_with_one_line(self, interrupted: tuple[Path, int, str]) -> None:
        """And the run, resumed here, has gone on after the last checkpoint."""
        run = interrupted[0]
        before = len(epochs(run))
        process = begin(run, before, "--resume", str(run))
        (second,) = [one for one in processes(run) if one.environ().get("HOROVOD_RANK") == "1"]
        second.kill()
        printed = process.communicate(timeout=120)[1]
        assert process.returncode == 1
        (line,) = [line for line in printed.splitlines() if line.startswith("Error: ")]
        assert "process 1 of 2 was killed by signal 9" in line
        assert processes(run) == []
        assert epochs(run) == list(range(1, len(epochs(run)) + 1))
        assert len(epochs(run)) > before
