"""Figures of several runs: best so far, chosen networks, test values."""

from collections.abc import Sequence
from dataclasses import replace

from matplotlib.figure import Figure

from nas_cli.reports.grouping import by_measure, grouped
from nas_cli.reports.intervals import mean_interval
from nas_cli.reports.outcome import best_so_far, test_value
from nas_cli.reports.plots.courses import Groups, course_plots
from nas_cli.reports.plots.front import set_log_axis
from nas_cli.reports.plots.style import (
    HEIGHT,
    INK,
    MARKERS,
    PAPER,
    SERIES,
    Plot,
    fitting_legend,
    legend_height,
    shortened,
)
from nas_cli.reports.source import Source


def comparison_plots(sources: Sequence[Source]) -> list[Plot]:
    """The figures that the runs have data for; runs of another measure than the first have figures of their own."""
    plots: list[Plot] = []
    for number, (name, alike) in enumerate(by_measure(sources).items()):
        made = _measure_plots(alike)
        plots += made if number == 0 else [_renamed(plot, name) for plot in made]
    return plots


def _renamed(plot: Plot, measure: str) -> Plot:
    return replace(plot, name=f"{plot.name}_{measure}", title=f"{plot.title}: {measure.replace('_', ' ')}")


def _measure_plots(sources: Sequence[Source]) -> list[Plot]:
    groups = grouped([source for source in sources if best_so_far(source.history)])
    plots = [*course_plots(groups)]
    priced = [s for s in sources if s.best_valid is not None and s.flops]
    if priced:
        plots.append(_chosen_plot(priced))
    tested = {name: found for name, group in groups.items() if (found := [s for s in group if _test(s) is not None])}
    if tested:
        plots.append(_test_plot(tested))
    return plots


def _chosen_plot(priced: Sequence[Source]) -> Plot:
    groups = grouped(priced)
    return Plot(
        "chosen_networks",
        "Chosen networks",
        "Validation value and FLOPs of the network that each run chose.",
        lambda figure: _draw_chosen(figure, groups),
        height=HEIGHT + legend_height(list(groups)),
        tips={f"#run-{s.name}": f"{s.name}\n{s.history.measure.text(s.best_valid)}" for s in priced},
    )


def _draw_chosen(figure: Figure, groups: Groups) -> None:
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
    axes.set(xlabel="FLOPs per example", ylabel=first.history.measure.axis)
    set_log_axis(axes, [s.flops or 1.0 for sources in groups.values() for s in sources])
    axes.margins(y=0.15)
    fitting_legend(figure)


def _test(source: Source) -> float | None:
    return test_value(source.history)


def _test_plot(groups: Groups) -> Plot:
    return Plot(
        "test_values",
        "Test value of the chosen networks",
        "A dot is a run: its chosen network on the test split, at the end. The mark is the mean with its 95 % t "
        "interval (of two runs, their range).",
        lambda figure: _draw_tests(figure, groups),
        height=max(1.9, 1.1 + 0.36 * len(groups)),
        tips={f"#run-{s.name}": f"{s.name}\n{s.history.tested.text(_test(s))}" for g in groups.values() for s in g},
    )


def _draw_tests(figure: Figure, groups: Groups) -> None:
    axes = figure.subplots()
    measure = next(iter(groups.values()))[0].history.tested
    for place, sources in enumerate(groups.values()):
        colour = SERIES[place % len(SERIES)]
        values = [(_test(source) or 0.0) * measure.scale for source in sources]
        links = [f"#run-{source.name}" for source in sources]
        spread = [place + 0.22 - 0.1 * (i % 3) for i in range(len(values))] if len(values) > 1 else [float(place)]
        axes.scatter(values, spread, s=16, color=colour, alpha=0.55, linewidths=0, urls=links)
        if len(values) > 1:
            found = mean_interval(values)
            reach = [[found.mean - found.low], [found.high - found.mean]]
            axes.errorbar(
                [found.mean],
                [place - 0.2],
                xerr=reach,
                fmt="D",
                ms=5,
                color=colour,
                ecolor=INK,
                elinewidth=1.2,
                capsize=3,
            )
    axes.set_yticks(range(len(groups)), [shortened(f"{name} (n = {len(group)})") for name, group in groups.items()])
    axes.set(
        xlabel=f"test {measure.label}" + (f" [{measure.unit}]" if measure.unit else ""), ylim=(len(groups) - 0.4, -0.6)
    )
    axes.margins(x=0.08)
    axes.grid(False, axis="y")
