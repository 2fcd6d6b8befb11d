"""The tables of a comparison as CSV files: every number that its figures show."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from nas_cli.reports.analysis import Analysis
from nas_cli.reports.courses import Course, against_simulated, against_trials, against_wall
from nas_cli.reports.importance import Importance
from nas_cli.reports.outcome import best_so_far
from nas_cli.reports.plots.fronts import hypervolume_courses

Row = Sequence[Any]

COURSE = ("mean", "low", "high", "runs")


def analysis_files(analysis: Analysis) -> dict[str, bytes]:
    """File name → content, of the analyses that the runs have data for."""
    objectives = analysis.fronts.objectives if analysis.fronts is not None else ()
    made: Mapping[str, tuple[Sequence[str], Callable[[Analysis], Iterator[Row]]]] = {
        "best_so_far.csv": (("group", "axis", "place", *COURSE), _best_so_far),
        "importance.csv": (("runs", "decision", "share", "low", "high", "trials", "explained"), _importance),
        "front.csv": (("run", "trial", *(objective.name for objective in objectives)), _front),
        "hypervolume.csv": (("group", "trials", *COURSE, "box", "reference"), _hypervolume),
        "correlation.csv": (
            ("evaluation", "against", "candidates", "kendall", "kendall_low", "kendall_high", "spearman",
             "spearman_low", "spearman_high", "top", "overlap"),
            _correlation,
        ),
    }  # fmt: skip
    files = {}
    for name, (columns, rows_of) in made.items():
        rows = list(rows_of(analysis))
        if rows:
            frame = pd.DataFrame(rows, columns=list(columns), dtype=object)
            files[name] = frame.to_csv(index=False, lineterminator="\n").encode("utf-8")
    return files


def _best_so_far(analysis: Analysis) -> Iterator[Row]:
    for name, group in analysis.groups.items():
        runs = [source for source in group if best_so_far(source.history)]
        if not runs:
            continue
        courses: Mapping[str, Course | None] = {
            "trials": against_trials(runs),
            "wall_seconds": against_wall(runs),
            "simulated_seconds": against_simulated(runs),
        }
        for axis, course in courses.items():
            if course is not None:
                yield from ([name, axis, *row] for row in _course(course))


def _course(course: Course) -> Iterator[Row]:
    for place, found in zip(course.places, course.intervals, strict=True):
        yield [_whole(place), found.mean, found.low, found.high, found.count]


def _importance(analysis: Analysis) -> Iterator[Row]:
    for name, found in analysis.importances.items():
        if not isinstance(found, Importance):
            continue
        for effect in found.effects:
            yield [name, effect.name, effect.share, effect.low, effect.high, found.trials, found.explained]
        yield [name, "(rest)", found.rest, None, None, found.trials, found.explained]


def _front(analysis: Analysis) -> Iterator[Row]:
    found = analysis.fronts
    for run in found.runs if found else ():
        for at in run.chosen:
            signs = [objective.sign for objective in found.objectives] if found else []
            values = [sign * float(value) for sign, value in zip(signs, run.points[at], strict=True)]
            yield [run.source.name, run.trials[at].id, *map(_whole, values)]


def _hypervolume(analysis: Analysis) -> Iterator[Row]:
    found = analysis.fronts
    if found is None:
        return
    signs = [objective.sign for objective in found.objectives]
    reference = " ".join(f"{sign * value:.10g}" for sign, value in zip(signs, found.reference, strict=True))
    for name, course in hypervolume_courses(found).items():
        yield from ([name, *row, found.box, reference] for row in _course(course))


def _correlation(analysis: Analysis) -> Iterator[Row]:
    for pair in analysis.correlations:
        ranks = [value for rank in (pair.kendall, pair.spearman) for value in (rank.value, rank.low, rank.high)]
        yield [pair.cheap.name, pair.dear.name, pair.count, *ranks, pair.top, pair.overlap]


def _whole(value: float) -> float | int:
    return int(value) if value.is_integer() else value
