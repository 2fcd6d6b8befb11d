"""What a run's sessions are, and how long they were."""

from nas_cli.runs.sessions import sessions, wall_seconds

EVENTS = [
    {"event": "start", "time": 11.0, "launched": 10.0},
    {"event": "stop", "time": 15.0},
    {"event": "resume", "time": 100.0},
    {"event": "epoch", "time": 103.0},
]


def test_a_pause_belongs_to_no_session() -> None:
    assert [len(session) for session in sessions(EVENTS)] == [2, 2]
    assert wall_seconds(EVENTS) == 5 + 3
    assert wall_seconds([]) == 0


def test_a_clock_that_was_set_back_takes_no_time_away() -> None:
    assert wall_seconds([*EVENTS, {"event": "resume", "time": 50.0}, {"event": "end", "time": 40.0}]) == 5 + 3
