"""Where the time of a run went, computed from its journal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nas_cli.runs.sessions import sessions, span, wall_seconds

Interval = tuple[float, float]


@dataclass(frozen=True)
class Times:
    """Seconds of a run over all its sessions (from a start or resume to the session's last event).

    `worker_seconds` is the integral over the wall time of the number of workers with a trial, and at least one:
    what the run cost in worker time. `outside_fraction` is the part of it that was neither compression, training nor
    evaluation (starting, proposing, building, saving, failed trials), in [0, 1]. These three contain their compilation,
    `compile_seconds`. `supernet_seconds`, of the training before the first trial, count as inside too.
    """

    wall_seconds: float
    worker_seconds: float
    train_seconds: float
    evaluation_seconds: float
    compile_seconds: float
    compress_seconds: float
    supernet_seconds: float = 0.0

    @property
    def outside_fraction(self) -> float:
        """The part of the worker time that was neither compression, training nor evaluation, nor a supernet's."""
        if self.worker_seconds <= 0.0:
            return 0.0
        trials = self.compress_seconds + self.train_seconds + self.evaluation_seconds
        return min(1.0, max(0.0, 1.0 - (trials + self.supernet_seconds) / self.worker_seconds))


def times(events: Sequence[Mapping[str, Any]]) -> Times:
    """The times of the run that wrote `events`."""
    worker = 0.0
    for session in sessions(events):
        begin, end = span(session)
        worker += _worker_seconds(begin, end, _busy(session, begin))
    tests = sum(float(event.get("seconds", 0.0)) for event in events if event["event"] == "test")
    metrics = [event["metrics"] for event in events if event["event"] == "trial"]
    return Times(
        wall_seconds=wall_seconds(events),
        worker_seconds=worker,
        train_seconds=_total(metrics, "train_seconds"),
        evaluation_seconds=_total(metrics, "evaluation_seconds") + tests,
        compile_seconds=_total(metrics, "compile_seconds"),
        compress_seconds=_total(metrics, "compress_seconds"),
        supernet_seconds=_supernet_seconds(events),
    )


def _busy(session: Sequence[Mapping[str, Any]], begin: float) -> list[Interval]:
    """The intervals in which trials ran; an event is written when its trial ends."""
    trials = [event for event in session if event["event"] == "trial"]
    return [(max(begin, event["time"] - event["seconds"]), event["time"]) for event in trials]


def _worker_seconds(begin: float, end: float, busy: Sequence[Interval]) -> float:
    edges = sorted([(start, 1) for start, _ in busy] + [(stop, -1) for _, stop in busy])
    total, now, running = 0.0, begin, 0
    for moment, change in [*edges, (end, 0)]:
        total += max(0.0, moment - now) * max(1, running)
        now, running = max(now, moment), running + change
    return total


def _supernet_seconds(events: Sequence[Mapping[str, Any]]) -> float:
    """Those of all epochs, and in searches that have ended also of their scores, which their last event has in it."""
    spent: dict[int, float] = {}
    for event in events:
        if event["event"] == "structure":
            spent[event["search"]] = spent.get(event["search"], 0.0) + event["seconds"]
        elif event["event"] in ("derived", "inherited"):
            spent[event["search"]] = event["seconds"]
    return sum(spent.values())


def _total(metrics: Sequence[Mapping[str, Any]], name: str) -> float:
    return float(sum(known[name] for known in metrics if known.get(name) is not None))
