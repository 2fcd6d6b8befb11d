"""Figures of several runs: best so far by strategy, and the end results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from nas_cli.reports.grouping import grouped
from nas_cli.reports.outcome import best_so_far
from nas_cli.reports.plots.front import set_flops_axis
from nas_cli.reports.plots.style import DASHES, MARKERS, PAPER, SERIES, Plot, legend_above, whole_steps
from nas_cli.reports.source import Source


@dataclass(frozen=True)
class Course:
    """Best value so far over the number of trials: of one run, or the mean of several with their range."""

    counts: tuple[int, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    runs: int


def comparison_plots(sources: Sequence[Source]) -> list[Plot]:
    """Best so far by group, and accuracy against FLOPs of the chosen networks; without data, no figure."""
    searched = [source for source in sources if best_so_far(source.history)]
    plots = []
    if searched:
        groups = grouped(searched)
        plots.append(
            Plot(
                "best_so_far",
                "Best so far",
                "A line is a run, or the mean of runs that differ in their seed only; "
                "the band spans the lowest to the highest.",
                lambda figure: _draw_courses(figure, groups),
            )
        )
    priced = [s for s in sources if s.best_valid is not None and s.flops]
    if priced:
        plots.append(
            Plot(
                "chosen_networks",
                "Chosen networks",
                "Validation value and FLOPs of the network that each run chose.",
                lambda figure: _draw_chosen(figure, grouped(priced)),
                tips={f"#run-{s.name}": f"{s.name}\n{s.history.measure.text(s.best_valid)}" for s in priced},
            )
        )
    return plots


def course(sources: Sequence[Source]) -> Course:
    """The mean over runs of the best so far, for as many trials as every run has finished."""
    lines = [dict(best_so_far(source.history)) for source in sources]
    counts = sorted(set.intersection(*(set(line) for line in lines)))
    columns = [[line[count] for line in lines] for count in counts]
    return Course(
        tuple(counts),
        tuple(sum(column) / len(column) for column in columns),
        tuple(min(column) for column in columns),
        tuple(max(column) for column in columns),
        len(lines),
    )


def _draw_courses(figure: Figure, groups: Mapping[str, Sequence[Source]]) -> None:
    axes = figure.subplots()
    for order, (name, sources) in enumerate(groups.items()):
        line, measure = course(sources), sources[0].history.measure
        colour, style = SERIES[order % len(SERIES)], DASHES[order % len(DASHES)]
        label = f"{name} ({line.runs} runs)" if line.runs > 1 else name
        axes.step(
            line.counts,
            _scaled(line.mean, measure.scale),
            where="post",
            color=colour,
            linestyle=style,
            linewidth=2.2,
            label=label,
        )
        if line.runs > 1:
            low, high = _scaled(line.low, measure.scale), _scaled(line.high, measure.scale)
            axes.fill_between(line.counts, low, high, step="post", color=colour, alpha=0.18, linewidth=0)
    axes.set(xlabel="trials finished", ylabel=next(iter(groups.values()))[0].history.measure.axis)
    whole_steps(axes)
    axes.set_xlim(left=0)
    legend_above(figure, columns=2)


def _draw_chosen(figure: Figure, groups: Mapping[str, Sequence[Source]]) -> None:
    axes = figure.subplots()
    for order, (name, sources) in enumerate(groups.items()):
        scale = sources[0].history.measure.scale
        axes.scatter(
            [s.flops or 1.0 for s in sources],
            [(s.best_valid or 0.0) * scale for s in sources],
            s=60,
            color=SERIES[order % len(SERIES)],
            marker=MARKERS[order % len(MARKERS)],
            edgecolors=PAPER,
            linewidths=0.8,
            urls=[f"#run-{s.name}" for s in sources],
            label=name,
            zorder=3,
        )
    first = next(iter(groups.values()))[0]
    axes.set(xlabel="FLOPs per image", ylabel=first.history.measure.axis)
    set_flops_axis(axes, [s.flops or 1.0 for sources in groups.values() for s in sources])
    axes.margins(y=0.15)
    legend_above(figure, columns=2)


def _scaled(values: Sequence[float], scale: float) -> list[float]:
    return [value * scale for value in values]
