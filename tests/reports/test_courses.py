"""Best so far against trials, wall time and simulated time."""

from pathlib import Path
from typing import Any

import pytest

from nas_cli.reports.courses import against_simulated, against_wall, course, simulated_line, wall_line
from nas_cli.reports.history import History
from nas_cli.reports.source import load
from tests.reports import journals


def trial(number: int, fitness: float, time: float, **metrics: float) -> dict[str, Any]:
    measured = {"valid_accuracy": fitness, **metrics}
    return {"event": "trial", "id": number, "status": "ok", "fitness": fitness, "time": time, "metrics": measured}


def test_steps_are_averaged_where_all_are_known() -> None:
    found = course([[(1.0, 0.5), (3.0, 0.7)], [(2.0, 0.6), (4.0, 0.9)]])
    assert found.places == (2.0, 3.0)
    assert found.mean == pytest.approx([0.55, 0.65])
    kept = course([[(1.0, 0.5), (3.0, 0.7)], [(2.0, 0.6), (4.0, 0.9)]], kept=True)
    assert (kept.places[-1], kept.mean[-1]) == (4.0, pytest.approx(0.8))


def test_wall_time_leaves_out_pauses_and_takes_trials_as_they_finish() -> None:
    start = {"event": "start", "time": 100.0}
    resume = {"event": "resume", "time": 1000.0}
    history = History([start, trial(1, 0.6, 110.0), trial(0, 0.5, 120.0), resume, trial(2, 0.7, 1005.0)])
    assert wall_line(history) == [(10.0, 0.6), (20.0, 0.6), (25.0, 0.7)]


def test_simulated_time_adds_up_and_needs_every_trial() -> None:
    events = [trial(0, 0.5, 1.0, simulated_seconds=10.0), trial(1, 0.4, 2.0, simulated_seconds=5.0)]
    assert simulated_line(History(events)) == [(10.0, 0.5), (15.0, 0.5)]
    assert simulated_line(History([*events, trial(2, 0.9, 3.0)])) == []


def test_groups_without_times_have_no_course(tmp_path: Path) -> None:
    timed = load(journals.write_run(tmp_path / "a", journals.point_events(1)))
    bare = [{key: value for key, value in event.items() if key != "time"} for event in journals.point_events(2)]
    untimed = load(journals.write_run(tmp_path / "b", bare))
    assert against_wall([timed]) is not None
    assert against_wall([timed, untimed]) is None
    simulated = against_simulated([timed, untimed])
    assert simulated is not None
    assert simulated.places[-1] == 30 * 60.0
