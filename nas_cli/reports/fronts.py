"""Pareto fronts of several runs, and the hypervolume that each has covered after each trial."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nas_cli.reports.courses import Line
from nas_cli.reports.history import History
from nas_cli.reports.objectives import Objective
from nas_cli.reports.source import Source
from nas_cli.reports.trial import Trial
from nas_cli.strategies.pareto import front, hypervolume

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RunFront:
    """The trials of one run that have a value of every objective: `points` (trials, objectives), higher is better.

    Only trials of the run's largest budget: values of another budget are not of the same kind.
    """

    source: Source
    trials: Sequence[Trial]
    points: Floats

    @cached_property
    def chosen(self) -> list[int]:
        """The positions of the trials that no other dominates, best in the first objective first; of equals one."""
        kept: dict[tuple[float, ...], int] = {}
        for at in front(self.points):
            kept.setdefault(tuple(self.points[at].tolist()), at)
        return sorted(kept.values(), key=lambda at: -self.points[at, 0])


@dataclass(frozen=True)
class Fronts:
    """Runs under the same objectives.

    `reference`: the point, higher is better, above which volumes are measured; `ideal`: the best value of each
    objective over all runs. `given`: the user chose the reference; else it is the worst value of each over all runs.
    """

    objectives: tuple[Objective, ...]
    runs: tuple[RunFront, ...]
    reference: tuple[float, ...]
    ideal: tuple[float, ...]
    given: bool

    @property
    def box(self) -> float:
        """The volume between reference and ideal: what no run can exceed; 0 if an objective is the same for all."""
        sides = np.maximum(np.subtract(self.ideal, self.reference), 0.0)
        return float(np.prod(sides))

    def volume(self, run: RunFront) -> float:
        """The hypervolume of a run's front, in the product of the objectives' units."""
        return hypervolume(run.points[run.chosen], self.reference)

    def share(self, volume: float) -> float:
        """A volume as a share of the box; 0 for an empty box."""
        return volume / self.box if self.box else 0.0

    def line(self, run: RunFront) -> Line:
        """(trials finished, share of the box) wherever it grows, and at the last trial."""
        places = {trial.id: count for count, trial in enumerate(run.source.history.trials, start=1)}
        kept = np.empty((0, len(self.objectives)))
        found: list[tuple[float, float]] = []
        for trial, point in zip(run.trials, run.points, strict=True):
            if len(kept) and np.all(kept >= point, axis=1).any():
                continue
            kept = np.vstack([kept[~np.all(kept <= point, axis=1)], point])
            found.append((float(places[trial.id]), self.share(hypervolume(kept, self.reference))))
        last = float(len(places))
        return [*found, (last, found[-1][1])] if found and found[-1][0] < last else found


def fronts(
    sources: Sequence[Source], objectives: tuple[Objective, ...], reference: tuple[float, ...] | None = None
) -> Fronts | None:
    """The fronts of the runs that have values of all objectives; None if none has, or no objective varies."""
    runs = tuple(run for run in (_run(source, objectives) for source in sources) if run is not None)
    if not runs:
        return None
    points = np.vstack([run.points for run in runs])
    signs = [objective.sign for objective in objectives]
    worst = points.min(axis=0) if reference is None else np.multiply(reference, signs)
    made = Fronts(objectives, runs, _tuple(worst), _tuple(points.max(axis=0)), reference is not None)
    return made if reference is not None or made.box else None


def missing(sources: Sequence[Source], objectives: Sequence[Objective]) -> str:
    """A sentence that names the objective that no trial has, and what could be asked for; empty if all are there."""
    trials = [trial for source in sources for trial in source.history.scored[:1]]
    absent = [o.name for o in objectives if all(o.value(trial) is None for trial in trials)]
    if not trials or not absent:
        return ""
    known = sorted({name for trial in trials for place in (trial.metrics, trial.cost) for name in place})
    return f"No trial has a value of {', '.join(absent)}. Journaled: {', '.join(['fitness', *known])}."


def _run(source: Source, objectives: Sequence[Objective]) -> RunFront | None:
    trials, points = _points(source.history, objectives)
    return RunFront(source, trials, np.array(points)) if trials else None


def _points(history: History, objectives: Sequence[Objective]) -> tuple[list[Trial], list[list[float]]]:
    trials, points = [], []
    for trial in history.comparable:
        values = [objective.value(trial) for objective in objectives]
        point = [o.sign * value for o, value in zip(objectives, values, strict=True) if value is not None]
        if len(point) == len(objectives):
            trials.append(trial)
            points.append(point)
    return trials, points


def _tuple(values: Floats) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
