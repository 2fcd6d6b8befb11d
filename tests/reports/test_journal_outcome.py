"""What a run's events amount to."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_cli.reports.history import History
from nas_cli.reports.outcome import (
    best_so_far,
    by_generation,
    failures,
    images_per_second,
    pareto_front,
    peak_memory_bytes,
    species,
    state,
    wall_seconds,
    wilson_interval,
)
from tests.reports import journals


def trial(number: int, fitness: float | None, generation: int = 0, **more: Any) -> dict[str, Any]:
    metrics = {} if fitness is None else {"valid_accuracy": fitness}
    status = "failed" if fitness is None else "ok"
    return {
        "event": "trial",
        "id": number,
        "generation": generation,
        "status": status,
        "fitness": fitness,
        "metrics": metrics,
        **more,
    }


def test_best_so_far_counts_failed_trials_and_never_falls() -> None:
    history = History([trial(0, None), trial(1, 0.5), trial(2, 0.4), trial(3, 0.7)])
    assert best_so_far(history) == [(2, 0.5), (3, 0.5), (4, 0.7)]


def test_best_is_the_first_of_equal_trials_in_whatever_order_they_finished() -> None:
    history = History([trial(2, 0.7), trial(1, 0.7), trial(0, 0.1)])
    assert history.best is not None
    assert history.best.id == 1


def test_lower_rmse_is_better() -> None:
    events = [trial(i, -value, metrics={"valid_rmse": value}) for i, value in enumerate([4.0, 3.0, 5.0])]
    history = History(events)
    assert best_so_far(history) == [(1, 4.0), (2, 3.0), (3, 3.0)]
    assert history.measure.axis == "validation RMSE"


def test_a_trial_journaled_twice_counts_once() -> None:
    history = History([trial(0, 0.5), trial(0, 0.6)])
    assert [t.fitness for t in history.trials] == [0.5]


def test_generations_leave_out_failed_trials() -> None:
    history = History([trial(0, 0.5), trial(1, None), trial(2, 0.6, generation=1), trial(3, 0.8, generation=1)])
    assert by_generation(history) == {0: [0.5], 1: [0.6, 0.8]}


def test_failures_by_frequency() -> None:
    events = [trial(i, None, reason=reason) for i, reason in enumerate(["a", "out of\nmemory", "out of\nmemory"])]
    assert failures(History(events)) == [("out of memory", 2), ("a", 1)]


def test_species_sizes_come_from_the_generation_events() -> None:
    sizes = {"module": {"1": 3, "4": 5}, "blueprint": {"0": 2}}
    history = History([{"event": "generation", "index": 2, "strategy": {"species": sizes}}])
    assert species(history) == {"module": {2: {"1": 3, "4": 5}}, "blueprint": {2: {"0": 2}}}


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ([], "unfinished"),
        (["start"], "unfinished"),
        (["start", "stop"], "interrupted"),
        (["start", "stop", "resume"], "unfinished"),
        (["start", "stop", "resume", "end"], "completed"),
    ],
)
def test_state(kinds: list[str], expected: str) -> None:
    assert state(History([{"event": kind} for kind in kinds])).status == expected


def test_a_failed_run_says_why() -> None:
    stopped = state(
        History([{"event": "start"}, {"event": "stop", "status": "failed", "reason": "all 5 trials failed."}])
    )
    assert stopped.status == "failed"
    assert "all 5 trials failed. What" in stopped.sentence


def test_wall_time_leaves_out_the_pause_before_a_resume() -> None:
    moments = [("start", 100.0), ("trial", 130.0), ("stop", 131.0), ("resume", 1000.0), ("trial", 1020.0)]
    events = [{"event": kind, "time": time} for kind, time in moments]
    assert wall_seconds(History(events)) == pytest.approx(51.0)
    events[3]["launched"] = 995.0
    assert wall_seconds(History(events)) == pytest.approx(56.0)


def test_throughput_is_weighted_with_training_time() -> None:
    fast = {"valid_accuracy": 0.5, "images_per_second": 3000.0, "train_seconds": 1.0}
    slow = {"valid_accuracy": 0.5, "images_per_second": 1000.0, "train_seconds": 3.0}
    history = History([trial(0, 0.5, metrics=fast), trial(1, 0.5, metrics=slow)])
    assert images_per_second(history) == pytest.approx(1500.0)


def test_peak_memory_is_the_largest_recorded() -> None:
    assert (
        peak_memory_bytes(
            History([{"event": "stop", "peak_memory_bytes": 7}, {"event": "end", "peak_memory_bytes": 5}])
        )
        == 7
    )


def test_pareto_front_by_hand() -> None:
    points = [(1.0, 0.5), (2.0, 0.4), (2.0, 0.6), (3.0, 0.6), (4.0, 0.9)]
    assert pareto_front(points) == [0, 2, 4]
    assert pareto_front(points, higher_is_better=False) == [0, 1]


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), min_size=1, max_size=30))
def test_no_point_beats_the_front_and_the_front_covers_every_point(points: list[tuple[int, int]]) -> None:
    chosen = [points[i] for i in pareto_front([(float(x), float(y)) for x, y in points])]
    for cost, value in points:
        assert any(c <= cost and v >= value for c, v in chosen)
        assert not any(c >= cost and v <= value and (c, v) != (cost, value) for c, v in chosen)


def test_wilson_interval_by_hand() -> None:
    # 8 of 10: centre (0.8 + 0.19207) / 1.38415, half width 0.22651 (textbook: 0.4902 to 0.9433).
    low, high = wilson_interval(0.8, 10)
    assert (round(low, 4), round(high, 4)) == (0.4902, 0.9433)


def test_generated_journals_repeat() -> None:
    assert journals.search_events(4, trials=3) == journals.search_events(4, trials=3)
