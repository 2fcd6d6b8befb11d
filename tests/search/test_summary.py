import pytest

from nas_cli.search.accounting import times
from nas_cli.search.summary import summarise


def trial(number: int, time: float, seconds: float, fitness: float | None, train: float = 0.0) -> dict:
    status, reason = ("ok", None) if fitness is not None else ("failed", "diverged")
    metrics = {"train_seconds": train, "evaluation_seconds": 0.5, "compile_seconds": 0.25}
    metrics["images_per_second"] = 100.0 * (number + 1)
    return {
        "event": "trial", "time": time, "id": number, "generation": 0, "seconds": seconds, "fitness": fitness,
        "status": status, "reason": reason, "metrics": metrics if fitness is not None else {},
        "cost": {"flops": 10, "params": 5}, "architecture": {"nodes": []},
    }  # fmt: skip


# Session 1 lasts from 100 to 112: idle until 102, then workers overlap: [102, 108] and [104, 110], then idle.
# Session 2 lasts from 200 to 210: a trial in [202, 208], and a test of 1 s.
EVENTS = [
    {"event": "start", "time": 101.0, "launched": 100.0, "version": 1, "command": "search", "seed": 4, "dataset": {}},
    trial(1, 108.0, 6.0, 0.5, train=4.0),
    trial(0, 110.0, 6.0, None),
    {"event": "generation", "time": 112.0, "index": 0, "trials": 2, "strategy": {}, "peak_memory_bytes": 7},
    {"event": "resume", "time": 201.0, "launched": 200.0},
    trial(2, 208.0, 6.0, 0.75, train=5.0),
    {"event": "test", "time": 209.0, "trial": 2, "metrics": {"test_accuracy": 0.7}, "seconds": 1.0},
    {"event": "end", "time": 210.0, "peak_memory_bytes": 9},
]


def test_times_by_hand() -> None:
    found = times(EVENTS)
    assert found.wall_seconds == 12 + 10
    # One worker all the time, and a second one for the 4 seconds in which both were busy.
    assert found.worker_seconds == 22 + 4
    assert (found.train_seconds, found.evaluation_seconds) == (9.0, 2.0)
    assert found.compile_seconds == 0.5
    assert found.outside_fraction == pytest.approx(1 - 11 / 26)


def test_summary_by_hand() -> None:
    summary = summarise(EVENTS)
    assert summary["version"] == 1
    assert (summary["status"], summary["seed"], summary["trials"], summary["failed"]) == ("completed", 4, 3, 1)
    assert summary["best"]["id"] == 2
    assert summary["best"]["test_accuracy"] == 0.7
    assert summary["search"]["best_so_far"] == [None, 0.5, 0.75]
    assert summary["search"]["compile_seconds"] == 0.5
    assert summary["search"]["images_per_second"] == pytest.approx((200 * 4 + 300 * 5) / 9)
    assert summary["search"]["peak_memory_bytes"] == 9
    assert summary["search"]["generation_memory_bytes"] == [7]
    assert summary["search"]["failures"] == {"diverged": 1}


def test_status_of_runs_that_have_not_ended() -> None:
    stop = {"event": "stop", "time": 113.0, "status": "failed", "reason": "disk full"}
    assert summarise(EVENTS[:4])["status"] == "interrupted"
    assert summarise([*EVENTS[:4], stop])["status"] == "failed"
    assert summarise([*EVENTS[:4], stop])["reason"] == "disk full"
    assert summarise([*EVENTS[:4], stop, *EVENTS[4:6]])["status"] == "interrupted"


def test_regressions_are_reported_by_their_error() -> None:
    scored = trial(0, 2.0, 1.0, -3.5)
    scored["metrics"] = {"valid_rmse": 3.5}
    test = {"event": "test", "time": 3.0, "trial": 0, "metrics": {"test_rmse": 4.0}}
    best = summarise([scored, test])["best"]
    assert (best["valid_rmse"], best["test_rmse"]) == (3.5, 4.0)


def test_an_empty_journal_has_a_summary() -> None:
    summary = summarise([])
    assert (summary["trials"], summary["best"], summary["wall_seconds"]) == (0, None, 0.0)


def test_the_training_of_supernets_is_no_time_outside() -> None:
    epochs = [
        {"event": "structure", "time": 10.0 * (at + 1), "search": 0, "epoch": at + 1, "seconds": 10.0} for at in (0, 1)
    ]
    start = {"event": "start", "time": 0.0, "launched": 0.0, "seed": 0, "command": "search"}
    stopped = [start, *epochs, {"event": "stop", "time": 25.0, "status": "interrupted", "reason": "by the user"}]
    assert summarise(stopped)["search"]["outside_fraction"] == pytest.approx(0.2)
    ended = {"event": "inherited", "time": 24.0, "search": 0, "seconds": 24.0, "epochs": 2, "stopped": None}
    assert summarise([*stopped[:3], ended, stopped[3]])["search"]["outside_fraction"] == pytest.approx(0.04)
