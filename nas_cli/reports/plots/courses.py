"""Best so far of groups of runs, against trials, wall time and simulated time."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nas_cli.reports.courses import Course, against_simulated, against_trials, against_wall
from nas_cli.reports.plots.style import DASHES, HEIGHT, SERIES, Plot, fitting_legend, legend_height, whole_steps
from nas_cli.reports.source import Source

Groups = Mapping[str, Sequence[Source]]
Courses = Mapping[str, Course]

ZOOM = 2.5
"""How many times the range after a tenth of the course the whole range must be for the beginning to be cut off."""

BAND = (
    "A line is a run, or the mean of runs that differ in their seed only; the band is the 95 % t interval of the "
    "mean (of two runs, their range). The axis leaves out poor beginnings."
)


def course_plots(groups: Groups) -> list[Plot]:
    """Best so far against trials, wall time and simulated time, as far as the journals have them."""
    if not groups:
        return []
    wall = {name: made for name, group in groups.items() if (made := against_wall(group)) is not None}
    simulated = {name: made for name, group in groups.items() if (made := against_simulated(group)) is not None}
    first = next(iter(groups.values()))[0]
    kinds: list[tuple[str, str, str, Courses, Callable[[Figure, Courses], None]]] = [
        ("best_so_far", "Best so far", BAND, _by_trials(groups), partial(_draw_trials, first=first)),
        (
            "best_so_far_wall",
            "Best so far against wall time",
            "Wall time from the start, without pauses, as each run was given its workers; one that has ended keeps its "
            "value. " + BAND,
            wall,
            partial(_draw_timed, first=first, label="wall time"),
        ),
        (
            "best_so_far_simulated",
            "Best so far against simulated time",
            "Time that the trainings would have taken one after the other; a run that has ended keeps its value. "
            + BAND,
            simulated,
            partial(_draw_timed, first=first, label="simulated time"),
        ),
    ]
    return [
        Plot(name, title, caption, _drawing(draw, courses), height=HEIGHT + legend_height(labels(courses)))
        for name, title, caption, courses, draw in kinds
        if courses
    ]


def _drawing(draw: Callable[[Figure, Courses], None], courses: Courses) -> Callable[[Figure], None]:
    return lambda figure: draw(figure, courses)


def labels(courses: Courses) -> list[str]:
    """'random (n = 5)': the names in the legend."""
    return [f"{name} (n = {line.runs})" for name, line in courses.items()]


def time_unit(seconds: float) -> tuple[float, str]:
    """(seconds of a unit, its name) that suits an axis up to `seconds`."""
    for size, name in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 3 * size:
            return size, name
    return 1.0, "s"


def _by_trials(groups: Groups) -> Courses:
    return {name: against_trials(group) for name, group in groups.items()}


def _draw_trials(figure: Figure, courses: Courses, first: Source) -> None:
    _draw(figure, courses, first, 1.0, "trials finished")
    whole_steps(figure.axes[0])


def _draw_timed(figure: Figure, courses: Courses, first: Source, label: str) -> None:
    size, unit = time_unit(max(line.places[-1] for line in courses.values()))
    _draw(figure, courses, first, size, f"{label} [{unit}]")


def _draw(figure: Figure, courses: Courses, first: Source, unit: float, xlabel: str) -> None:
    axes = figure.subplots()
    scale = first.history.measure.scale
    for order, (label, line) in enumerate(zip(labels(courses), courses.values(), strict=True)):
        colour, style = SERIES[order % len(SERIES)], DASHES[order % len(DASHES)]
        places = [place / unit for place in line.places]
        mean = [value * scale for value in line.mean]
        mark = "o" if len(places) == 1 else ""
        axes.step(places, mean, where="post", color=colour, linestyle=style, linewidth=2.0, label=label, marker=mark)
        if line.runs > 1:
            low, high = ([value * scale for value in side] for side in (line.low, line.high))
            axes.fill_between(places, low, high, step="post", color=colour, alpha=0.18, linewidth=0)
    axes.set(xlabel=xlabel, ylabel=first.history.measure.axis)
    axes.set_xlim(left=0)
    _look_closer(axes, list(courses.values()), first)
    fitting_legend(figure)


def _look_closer(axes: Axes, courses: Sequence[Course], first: Source) -> None:
    """Leaves the first steps outside the axis where they would press all that follows against its end."""
    measure = first.history.measure
    sign = 1.0 if measure.higher_is_better else -1.0
    means = [[sign * value for value in line.mean] for line in courses]
    later = min(mean[min(len(mean) - 1, max(1, len(mean) // 10))] for mean in means)
    best, start = max(max(mean) for mean in means), min(mean[0] for mean in means)
    if best - start <= ZOOM * (best - later) or best == later:
        return
    ends = [max(sign * interval.low, sign * interval.high) for line in courses for interval in line.intervals[-1:]]
    edges = [sign * value * measure.scale for value in (later, max([best, *ends]))]
    margin = 0.12 * abs(edges[1] - edges[0])
    axes.set_ylim(min(edges) - margin, max(edges) + margin)
