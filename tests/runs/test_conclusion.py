import pytest

from nas_cli.runs.conclusion import epochs_by_phase, known_before, spent, summary_head

START = {"event": "start", "command": "prune", "seed": 3, "time": 10.0, "launched": 8.0}
TRAINED = {"event": "phase", "phase": "train", "valid": {"valid_accuracy": 0.7}, "train_seconds": 5.0,
           "evaluation_seconds": 1.0, "time": 20.0}  # fmt: skip
CUT = {"event": "shrunk", "seconds": 2.0, "time": 23.0}
STOP = {"event": "stop", "status": "failed", "time": 24.0}


@pytest.mark.parametrize(
    ("more", "status"),
    [([], "interrupted"), ([STOP], "failed"), ([STOP, {"event": "end", "time": 25.0}], "completed")],
)
def test_a_run_that_has_not_ended_says_why(more: list[dict[str, object]], status: str) -> None:
    head = summary_head([START, TRAINED, *more], 1)
    assert (head["command"], head["seed"], head["status"], head["trials"]) == ("prune", 3, status, 0)


def test_the_baseline_goes_before_the_first_training() -> None:
    test = {"event": "test", "before": {"metrics": {"test_accuracy": 0.9}, "valid": {"valid_accuracy": 0.8}}}
    assert known_before([START, TRAINED, test], "baseline") == (
        {"test_accuracy": 0.9, "valid_accuracy": 0.8},
        "baseline",
    )
    assert known_before([START, TRAINED], "baseline") == ({"valid_accuracy": 0.7}, "train")
    assert known_before([START], "baseline") == ({}, None)


def test_time_is_that_of_trainings_and_removals() -> None:
    seconds = spent([START, TRAINED, CUT], "shrunk")
    assert (seconds["train_seconds"], seconds["evaluation_seconds"]) == (7.0, 1.0)
    assert spent([START, TRAINED, CUT], "pruned")["train_seconds"] == 5.0


def test_epochs_are_counted_by_phase() -> None:
    events = [{"event": "epoch", "name": name} for name in ("train", "train", "tune-1")]
    assert epochs_by_phase([START, *events]) == {"train": 2, "tune-1": 1}
