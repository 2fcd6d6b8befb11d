"""A full training as a run: what its journal and its summary hold."""

import errno
import time
from pathlib import Path
from typing import Any

import pytest

from nas_cli.errors import RunError
from nas_cli.runs.folder import RunFolder, create_run
from nas_cli.runs.journal import Journal
from nas_cli.training import full_training
from nas_cli.training.full_training import FullTraining, run_training, summarise
from tests.training.examples import PLAIN, images, linear, training

START = {"command": "train", "dataset": {}, "model": "linear", "cost": {"flops": 2}}


def session(run: RunFolder) -> dict[str, Any]:
    data = images()
    job = FullTraining(linear(data), data, training(), PLAIN, seed=0)
    return run_training(run, job, START, lambda _: None, time.time())


class Unwritable:
    """A network whose file does not fit on the disk; h5py leaves the error's number out."""

    def __init__(self, error: OSError) -> None:
        self._error = error

    def save(self, file: Path) -> None:
        file.write_bytes(b"a part")
        raise self._error


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left on device"), OSError("Can't write (message = 'No space left on device')")],
)
def test_a_full_disk_is_said_in_one_line_and_leaves_the_old_network(error: OSError, tmp_path: Path) -> None:
    file = full_training.save(linear(images()), tmp_path / "best" / "model.keras")
    before = file.read_bytes()
    with pytest.raises(RunError, match="model.keras: the disk is full: free some space") as caught:
        full_training.save(Unwritable(error), file)
    assert "\n" not in str(caught.value)
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_a_training_stopped_before_its_first_event_can_begin_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create_run(tmp_path / "run", {"command": "train"}, {})

    def stopped(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(full_training, "_carry_out", stopped)
        session(run)
    assert run.events() == []


class Killed(Exception):
    """Stands for the death of the process."""


def test_a_training_killed_after_its_test_does_not_test_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = create_run(tmp_path / "run", {"command": "train"}, {})
    append = Journal.append

    def killed_at_the_end(journal: Journal, event: Any) -> Any:
        if event["event"] == "end":
            raise Killed
        return append(journal, event)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Journal, "append", killed_at_the_end)
        session(run)
    (tested,) = [event for event in run.events() if event["event"] == "test"]
    monkeypatch.setattr(full_training, "evaluate", lambda *_: pytest.fail("a second evaluation"))
    summary = session(run)
    assert summary["status"] == "completed"
    assert summary["best"]["test_accuracy"] == tested["metrics"]["test_accuracy"]
    assert [event["event"] for event in run.events()] == ["start", "epoch", "epoch", "test", "resume", "end"]


def test_wall_time_is_that_of_all_sessions_also_of_an_interrupted_run() -> None:
    events: list[dict[str, Any]] = [
        {"event": "start", "time": 101.0, "launched": 100.0, "seed": 0, **START},
        {"event": "epoch", "time": 107.0},
        {"event": "stop", "time": 110.0, "status": "interrupted"},
        {"event": "resume", "time": 501.0, "launched": 500.0},
        {"event": "stop", "time": 505.0, "status": "interrupted"},
    ]
    assert summarise(events)["wall_seconds"] == 10 + 5
    more = [{"event": "resume", "time": 901.0, "launched": 900.0}, {"event": "end", "time": 903.0}]
    assert summarise([*events, *more])["wall_seconds"] == 10 + 5 + 3


def test_the_journals_end_has_the_wall_time_of_all_sessions(tmp_path: Path) -> None:
    run = create_run(tmp_path / "run", {"command": "train"}, {})
    earlier = {"event": "start", "version": 1, "seed": 0, "launched": time.time() - 1000.0, **START}
    with run.journal() as journal:
        journal.append(earlier)
    summary = session(run)
    assert run.events()[-1]["wall_seconds"] == pytest.approx(summary["wall_seconds"], abs=1.0)
    assert summary["wall_seconds"] > 1000.0
