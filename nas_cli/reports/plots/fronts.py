"""Pareto fronts of several runs, and hypervolume against trials."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from nas_cli.reports.courses import Course, course
from nas_cli.reports.fronts import Fronts, RunFront
from nas_cli.reports.grouping import grouped
from nas_cli.reports.numbers import count
from nas_cli.reports.objectives import Objective
from nas_cli.reports.plots.courses import labels
from nas_cli.reports.plots.front import set_log_axis, tick
from nas_cli.reports.plots.style import (
    DASHES,
    HEIGHT,
    MARKERS,
    PAPER,
    QUIET,
    SERIES,
    Plot,
    fitting_legend,
    legend_height,
    whole_steps,
)

CLOUD = 1200
"""Dominated trials that are drawn, of all runs together, at most."""


def fronts_plots(found: Fronts) -> list[Plot]:
    """The fronts, of two objectives, and the hypervolume against trials."""
    groups = by_group(found)
    heading = HEIGHT + legend_height([f"{name} (n = 99)" for name in groups])
    plots = []
    if len(found.objectives) == 2:
        budget = next((t.budget for run in found.runs for t in run.trials if t.budget), None)
        largest = f" Only trials of the largest budget ({budget} epochs) count." if budget else ""
        plots.append(
            Plot(
                "fronts",
                "Pareto fronts",
                "A line is the front of a run: no trial of that run is as good in both and better in one. Grey dots "
                "are the other trials." + largest,
                lambda figure: _draw_fronts(figure, found, groups),
                height=heading,
            )
        )
    courses = hypervolume_courses(found)
    if courses:
        plots.append(
            Plot(
                "hypervolume",
                "Hypervolume",
                f"Share of the box between {reference_text(found)} that the trials so far dominate (exact). Bands as "
                "in the figure of the best so far.",
                lambda figure: _draw_volumes(figure, courses),
                height=heading,
            )
        )
    return plots


def by_group(found: Fronts) -> dict[str, list[RunFront]]:
    """The fronts of runs that differ in their seed only, by the name of their group."""
    runs = {run.source.path: run for run in found.runs}
    groups = grouped([run.source for run in found.runs])
    return {name: [runs[source.path] for source in group] for name, group in groups.items()}


def hypervolume_courses(found: Fronts) -> Mapping[str, Course]:
    """The share of the box covered after each trial, by group."""
    lines = {name: [found.line(run) for run in runs] for name, runs in by_group(found).items()}
    overlapping = {
        name: group for name, group in lines.items() if max(li[0][0] for li in group) <= min(li[-1][0] for li in group)
    }
    return {name: course(group) for name, group in overlapping.items()}


def reference_text(found: Fronts) -> str:
    """'the reference point (validation accuracy 10.2, 3.4 M FLOPs; the worst of all runs) and …'."""
    origin = "as given" if found.given else "the worst value of each objective over these runs"
    reference, ideal = point_text(found, found.reference), point_text(found, found.ideal)
    return f"the reference point ({reference}: {origin}) and the best values of these runs ({ideal})"


def point_text(found: Fronts, point: Sequence[float]) -> str:
    """'fitness 0.5123, flops 2.1 M': a point in the objectives' own units."""
    return ", ".join(
        f"{o.name} {value_text(o, o.sign * value)}" for o, value in zip(found.objectives, point, strict=True)
    )


def value_text(objective: Objective, value: float) -> str:
    """A value of an objective for people: '0.5123', '2.1 M'."""
    return count(value) if abs(value) >= 1000 else f"{value:.4g}"


def _draw_fronts(figure: Figure, found: Fronts, groups: Mapping[str, Sequence[RunFront]]) -> None:
    axes = figure.subplots()
    across, up = found.objectives[1], found.objectives[0]
    history = found.runs[0].source.history
    scales = across.scale(history) * across.sign, up.scale(history) * up.sign
    _cloud(axes, found, scales)
    for order, (name, runs) in enumerate(groups.items()):
        colour, marker = SERIES[order % len(SERIES)], MARKERS[order % len(MARKERS)]
        style = DASHES[order // len(SERIES) % len(DASHES)]
        alpha = max(0.08, 0.6 / len(runs) ** 0.5)
        for number, run in enumerate(runs):
            points = run.points[run.chosen]
            xs, ys = points[:, 1] * scales[0], points[:, 0] * scales[1]
            # A front is known at its points only: between them holds the worse of the two.
            axes.step(xs, ys, where="pre", color=colour, alpha=alpha, ls=style, lw=1.3)
            label = f"{name} (n = {len(runs)})" if number == 0 else "_"
            axes.scatter(xs, ys, s=26, color=colour, marker=marker, edgecolors=PAPER, lw=0.6, label=label, zorder=3)
    axes.set(xlabel=across.axis(history), ylabel=up.axis(history))
    values = [float(v) * across.sign for run in found.runs for v in run.points[:, 1]]
    if min(values) > 0 and max(values) >= 5 * min(values):
        set_log_axis(axes, values)
    elif max(map(abs, values)) >= 1000:
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    axes.margins(y=0.1)
    fitting_legend(figure)


def _cloud(axes: Axes, found: Fronts, scales: tuple[float, float]) -> None:
    step = max(1, sum(len(run.points) for run in found.runs) // CLOUD)
    xs = [float(x) * scales[0] for run in found.runs for x in run.points[::step, 1]]
    ys = [float(y) * scales[1] for run in found.runs for y in run.points[::step, 0]]
    axes.scatter(xs, ys, s=6, color=QUIET, alpha=0.45, linewidths=0, zorder=1)


def _draw_volumes(figure: Figure, courses: Mapping[str, Course]) -> None:
    axes = figure.subplots()
    for order, (label, line) in enumerate(zip(labels(courses), courses.values(), strict=True)):
        colour, style = SERIES[order % len(SERIES)], DASHES[order // len(SERIES) % len(DASHES)]
        sides = (line.mean, line.low, line.high)
        mean, low, high = ([100 * min(1.0, max(0.0, value)) for value in side] for side in sides)
        axes.step(line.places, mean, where="post", color=colour, linestyle=style, linewidth=2.0, label=label)
        if line.runs > 1:
            axes.fill_between(line.places, low, high, step="post", color=colour, alpha=0.18, linewidth=0)
    axes.set(xlabel="trials finished", ylabel="hypervolume [% of the box]")
    axes.set_xlim(left=0)
    whole_steps(axes)
    fitting_legend(figure)
