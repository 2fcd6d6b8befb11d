"""The best value so far of runs that differ in their seed only: its mean and interval, against trials or time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from nas_cli.reports.history import History
from nas_cli.reports.intervals import Interval, mean_interval
from nas_cli.reports.measure import finite
from nas_cli.reports.outcome import best_so_far, incumbents
from nas_cli.reports.source import Source
from nas_cli.runs.sessions import sessions, span

STEPS = 400
"""Places along an axis at which a course is known, at most; the changes of the single runs lie between them."""

Line = Sequence[tuple[float, float]]
"""(place on the axis, value from there on), rising in the place."""


@dataclass(frozen=True)
class Course:
    """The mean over runs of the best value so far, from each place on: `places` are trials or seconds."""

    places: tuple[float, ...]
    intervals: tuple[Interval, ...]
    runs: int

    @property
    def mean(self) -> list[float]:
        """The mean at each place."""
        return [interval.mean for interval in self.intervals]

    @property
    def low(self) -> list[float]:
        """The lower end of the interval at each place."""
        return [interval.low for interval in self.intervals]

    @property
    def high(self) -> list[float]:
        """The upper end of the interval at each place."""
        return [interval.high for interval in self.intervals]


def against_trials(sources: Sequence[Source]) -> Course:
    """The course over the number of trials finished, for as many as every run has."""
    return course([[(float(count), value) for count, value in best_so_far(source.history)] for source in sources])


def against_wall(sources: Sequence[Source]) -> Course | None:
    """The course over the wall seconds since the start, without pauses; None if a run has no times."""
    return _timed([wall_line(source.history) for source in sources])


def against_simulated(sources: Sequence[Source]) -> Course | None:
    """The course over the simulated seconds, as if the trials had been trained one after the other.

    None if a run has none.
    """
    return _timed([simulated_line(source.history) for source in sources])


def course(lines: Sequence[Line], kept: bool = False) -> Course:
    """Mean and interval of steps, from where the last one begins to where the first one ends.

    `kept`: to where the last one ends; one that has ended keeps its value, as a search that is over does in time.
    """
    begin = max(line[0][0] for line in lines)
    end = (max if kept else min)(line[-1][0] for line in lines)
    places = _thinned(sorted({place for line in lines for place, _ in line if begin <= place <= end} | {begin}))
    columns = [_values(line, places) for line in lines]
    intervals = [mean_interval(list(column)) for column in zip(*columns, strict=True)]
    return Course(tuple(places), tuple(intervals), len(lines))


def wall_line(history: History) -> Line:
    """(seconds since the start, best so far) at each trial's end, in order of their ends; empty without times."""
    elapsed = _elapsed(history)
    values = {trial.id: value for trial, value in incumbents(history)}
    ended = sorted((seconds, number) for number, seconds in elapsed.items())
    # A trial may end before one of a lower number, which the value of its own place already counts.
    latest, line = -1, []
    for seconds, number in ended:
        latest = max(latest, number)
        value = values[latest]
        if value is not None:
            line.append((seconds, value))
    return line


def simulated_line(history: History) -> Line:
    """(simulated seconds, best so far) after each trial; empty unless every scored trial says what it took."""
    if not history.scored or any(finite(trial.metrics.get("simulated_seconds")) is None for trial in history.scored):
        return []
    total, line = 0.0, []
    for trial, value in incumbents(history):
        total += finite(trial.metrics.get("simulated_seconds")) or 0.0
        if value is not None:
            line.append((total, value))
    return line


def simulated_seconds(history: History) -> float | None:
    """The sum of what the trials would have taken; None if the journal does not say."""
    line = simulated_line(history)
    return line[-1][0] if line else None


def _timed(lines: Sequence[Line]) -> Course | None:
    return course(lines, kept=True) if lines and all(lines) else None


def _elapsed(history: History) -> dict[int, float]:
    """Trial → wall seconds from the start to its end, without the pauses between sessions."""
    timed = [event for event in history.events if finite(event.get("time")) is not None]
    found: dict[int, float] = {}
    before = 0.0
    for session in sessions(timed):
        begin, end = span(session)
        for event in session:
            if event["event"] == "trial":
                found.setdefault(int(event["id"]), before + max(0.0, float(event["time"]) - begin))
        before += end - begin
    return found


def _values(line: Line, places: Iterable[float]) -> list[float]:
    steps = np.array([place for place, _ in line])
    at = np.searchsorted(steps, np.array(list(places)), side="right") - 1
    return [line[i][1] for i in np.maximum(at, 0).tolist()]


def _thinned(places: Sequence[float]) -> list[float]:
    """Some of the places, evenly by number, with the first and the last."""
    if len(places) <= STEPS:
        return list(places)
    at = np.unique(np.linspace(0, len(places) - 1, STEPS).round().astype(int))
    return [places[i] for i in at.tolist()]
