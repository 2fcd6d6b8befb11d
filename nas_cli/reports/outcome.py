"""How far a run came: state, times, best so far, generations, species."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from nas_cli.reports.history import History
from nas_cli.reports.measure import finite
from nas_cli.reports.trial import Trial
from nas_cli.runs import sessions


@dataclass(frozen=True)
class State:
    """`status` is completed, interrupted, failed or unfinished; `sentence` explains it to the reader."""

    status: str
    sentence: str


def state(history: History) -> State:
    """The run's state, from its last events."""
    if not history.start:
        return State("unfinished", "The journal holds no events yet: nothing has been run.")
    if history.last("end"):
        return State("completed", "The run is complete.")
    session = [event for event in history.events if event.get("event") in ("start", "stop", "resume")]
    last = session[-1]
    if last.get("event") != "stop":
        sentence = "The run has not ended: it is still going or was killed. These figures are provisional."
        return State("unfinished", sentence)
    status = "failed" if last.get("status") == "failed" else "interrupted"
    reason = str(last.get("reason") or "no reason recorded").rstrip(".")
    verb = "failed" if status == "failed" else "was stopped"
    return State(status, f"The run {verb}: {reason}. What follows is what it had found by then.")


def wall_seconds(history: History) -> float | None:
    """Wall time of the run; before its end, the time covered by its events without the pauses before a resume."""
    recorded = finite(history.last("end").get("wall_seconds"))
    if recorded is not None:
        return recorded
    timed = [event for event in history.events if finite(event.get("time")) is not None]
    return sessions.wall_seconds(timed) if timed else None


def peak_memory_bytes(history: History) -> float | None:
    """The largest memory of all processes that any event records."""
    values = (finite(event.get("peak_memory_bytes")) for event in history.events)
    return max((value for value in values if value is not None), default=None)


def images_per_second(history: History) -> float | None:
    """Training throughput of one worker: the mean over the trials, each weighted with its training time."""
    pairs = []
    for metrics in [trial.metrics for trial in history.scored] or history.epochs:
        speed = finite(metrics.get("images_per_second"))
        seconds = finite(metrics.get("train_seconds")) or finite(metrics.get("seconds")) or 1.0
        if speed is not None:
            pairs.append((speed, seconds))
    weight = sum(seconds for _, seconds in pairs)
    return sum(speed * seconds for speed, seconds in pairs) / weight if weight else None


def best_so_far(history: History) -> list[tuple[int, float]]:
    """(number of trials finished, validation value of the best of them), from the first trial that has a value.

    The best is the one that the run would choose: see `Trial.rank`. With several budgets its value may fall, when the
    first trial of a larger budget takes the place of a better one of a smaller.
    """
    return [(count, value) for count, (_, value) in enumerate(incumbents(history), start=1) if value is not None]


def incumbents(history: History) -> list[tuple[Trial, float | None]]:
    """For each trial in order: it, and the value of the best trial until then (None before the first)."""
    best: Trial | None = None
    value: float | None = None
    found = []
    for trial in history.trials:
        score = history.score(trial) if trial.fitness is not None else None
        if score is not None and (best is None or trial.rank > best.rank):
            best, value = trial, score
        found.append((trial, value))
    return found


def test_value(history: History) -> float | None:
    """The chosen network's value on the test split; None before it was tested."""
    return history.tested.test(history.last("test").get("metrics") or {})


def by_generation(history: History) -> dict[int, list[float]]:
    """The validation values of the trials of each generation that has any."""
    found: dict[int, list[float]] = {}
    for trial in history.scored:
        value = history.score(trial)
        if value is not None:
            found.setdefault(trial.generation, []).append(value)
    return dict(sorted(found.items()))


def species(history: History) -> dict[str, dict[int, Mapping[str, int]]]:
    """Population ('module', 'blueprint', …) → generation → species → size, from the generation events."""
    found: dict[str, dict[int, Mapping[str, int]]] = {}
    for event in history.of_kind("generation"):
        for population, sizes in _populations((event.get("strategy") or {}).get("species")).items():
            if isinstance(sizes, Mapping) and sizes:
                numbers = {str(name): int(size) for name, size in sizes.items()}
                found.setdefault(str(population), {})[int(event["index"])] = numbers
    return found


def _populations(species: object) -> Mapping[str, object]:
    """Population → species → size, where a strategy of one population may leave out its name."""
    if not isinstance(species, Mapping):
        return {}
    flat = bool(species) and not any(isinstance(sizes, Mapping) for sizes in species.values())
    return {"network": species} if flat else species


def failures(history: History) -> list[tuple[str, int]]:
    """(reason, number of trials), most frequent first."""
    return Counter(trial.reason or "no reason recorded" for trial in history.failed).most_common()


def pareto_front(points: list[tuple[float, float]], higher_is_better: bool = True) -> list[int]:
    """Positions of the (cost, value) points that no other point beats, by rising cost.

    A point is beaten by one that costs no more and is at least as good, and is better in one of the two;
    of equal points the first is kept.
    """
    sign = 1.0 if higher_is_better else -1.0
    order = sorted(range(len(points)), key=lambda i: (points[i][0], -sign * points[i][1], i))
    front: list[int] = []
    for position in order:
        if not front or sign * points[position][1] > sign * points[front[-1]][1]:
            front.append(position)
    return front


def wilson_interval(fraction: float, count: int) -> tuple[float, float]:
    """The 95 % interval of a fraction observed on `count` independent examples (Wilson 1927)."""
    z = 1.959964
    centre = (fraction + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(fraction * (1 - fraction) / count + z * z / (4 * count * count))
    return max(0.0, centre - half), min(1.0, centre + half)
