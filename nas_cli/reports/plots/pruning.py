"""Figures of a pruning run: score against what is gone, what is left of each layer, and each layer's sensitivity."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nas_cli.reports.measure import Measure
from nas_cli.reports.plots.shrinking import EDGES, LETTER, ROW, remains_plot
from nas_cli.reports.plots.style import (
    BLUE,
    DASHES,
    INK,
    MARKERS,
    MUTED,
    ORANGE,
    PALE_GREY,
    QUIET,
    RULE,
    SERIES,
    VERMILION,
    WIDTH,
    Plot,
    fitting_legend,
    legend_above,
    legend_columns,
    legend_height,
)
from nas_cli.reports.pruning import ARMS, LayerLeft, Pruned, Round

LAYERS_IN_LEGEND = 12
"""With more layers the scan names only those that it finds most sensitive, and draws the others pale."""


def pruning_plots(run: Pruned) -> list[Plot]:
    """Every figure that the run has data for."""
    found = (rounds_plot(run), remains_plot(run), density_plot(run), sensitivity_plot(run))
    return [plot for plot in found if plot is not None]


def rounds_plot(run: Pruned) -> Plot | None:
    """Validation value against the share removed, of every arm; None before the first round has ended."""
    if not any(one.value is not None for one in run.rounds):
        return None
    return Plot(
        "rounds",
        "Score against sparsity",
        f"The validation value after the training of each round against the share of {run.unit} removed; thin: right "
        "after the removal. The level line is the network that is not pruned.",
        partial(_draw_rounds, run=run),
        width=WIDTH,
        height=3.4,
    )


def density_plot(run: Pruned) -> Plot | None:
    """What is left of each layer; None before the first removal."""
    rows = run.layers
    if not rows:
        return None
    longest = max(len(row.name) for row in rows)
    return Plot(
        "density",
        "What is left of each layer",
        f"The pale bar is all {run.unit} of the layer that can go, the dark one the share that is left.",
        partial(_draw_density, rows=rows),
        width=max(6.4, 5.4 + LETTER * longest),
        height=EDGES + ROW * len(rows),
        tips={f"#left-{i}": f"{row.name}\n{row.left:,} of {row.total:,} left" for i, row in enumerate(rows)},
    )


def sensitivity_plot(run: Pruned) -> Plot | None:
    """Validation value against the share removed from one layer alone; None without a scan."""
    if not run.sensitivity:
        return None
    named = _most_sensitive(run)
    return Plot(
        "sensitivity",
        "Sensitivity of each layer",
        "The validation value when the least of this layer alone is removed, without any training behind it. "
        "What falls early is what the network needs.",
        partial(_draw_sensitivity, run=run, named=named),
        width=WIDTH,
        height=3.4 + legend_height(named),
    )


def _draw_rounds(figure: Figure, run: Pruned) -> None:
    axes, measure = figure.subplots(), run.history.measure
    rows, colours = {arm: run.of_arm(arm) for arm in ("main", "random")}, {"main": BLUE, "random": VERMILION}
    for order, (arm, rounds) in enumerate(rows.items()):
        _course(axes, rounds, "value", measure, colours[arm], ARMS[arm], MARKERS[order], 1.8)
        _course(axes, rounds, "cut", measure, colours[arm], "", "", 0.9)
    _course(axes, rows["main"], "reinit", measure, ORANGE, ARMS["reinit"], "^", 1.6)
    if run.dense is not None:
        axes.axhline(run.dense * measure.scale, color=MUTED, linewidth=1.1, linestyle="--", label="not pruned")
    axes.set(xlabel=f"{run.unit} removed [%]", ylabel=measure.axis)
    axes.margins(0.06)
    fitting_legend(figure)


def _course(
    axes: Axes, rounds: Sequence[Round], key: str, measure: Measure, colour: str, label: str, marker: str, width: float
) -> None:
    points = [(100 * one.sparsity, getattr(one, key)) for one in rounds]
    known = [(x, value * measure.scale) for x, value in points if value is not None]
    if not known:
        return
    style: dict[str, Any] = {"linestyle": "-" if label else ":", "marker": marker, "ms": 4.5, "linewidth": width}
    axes.plot(*zip(*known, strict=True), color=colour, label=label or "_nolegend_", **style)


def _draw_density(figure: Figure, rows: Sequence[LayerLeft]) -> None:
    axes = figure.subplots()
    places = range(len(rows))
    pale = axes.barh(places, [100.0] * len(rows), height=0.8, color=PALE_GREY, edgecolor=QUIET, linewidth=0.6)
    dark = axes.barh(places, [100 * row.density for row in rows], height=0.44, color=BLUE)
    for bars in (pale, dark):
        for place, bar in zip(places, bars, strict=True):
            bar.set_url(f"#left-{place}")
    for place, row in enumerate(rows):
        axes.text(101.5, place, f"{row.left:,} of {row.total:,}", va="center", fontsize=8, color=INK)
    axes.set_yticks(list(places), [row.name for row in rows], fontsize=8.2)
    axes.set(xlabel="left [%]", xlim=(0, 130), ylim=(len(rows) - 0.4, -0.6))
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.grid(True, axis="x", color=RULE)
    axes.grid(False, axis="y")


def _draw_sensitivity(figure: Figure, run: Pruned, named: Sequence[str]) -> None:
    axes, measure = figure.subplots(), run.history.measure
    for layer, points in run.sensitivity.items():
        line = [(100 * share, value * measure.scale) for share, value in points]
        if layer in named:
            order = named.index(layer)
            looks: dict[str, Any] = {"color": SERIES[order % len(SERIES)]}
            looks["linestyle"] = DASHES[order // len(SERIES) % len(DASHES)]
            axes.plot(*zip(*line, strict=True), marker="o", ms=3, linewidth=1.5, label=layer, zorder=3, **looks)
        else:
            axes.plot(*zip(*line, strict=True), color=QUIET, linewidth=0.8, zorder=2)
    axes.set(xlabel="removed from this layer [%]", ylabel=measure.axis)
    legend_above(figure, legend_columns(named))


def _most_sensitive(run: Pruned) -> list[str]:
    """The layers to name, in the order of the network: those that lose most over all shares."""
    sign = 1.0 if run.history.measure.higher_is_better else -1.0
    lost = {layer: -sign * sum(value for _, value in points) for layer, points in run.sensitivity.items()}
    chosen = set(sorted(lost, key=lambda layer: -lost[layer])[:LAYERS_IN_LEGEND])
    return [layer for layer in run.sensitivity if layer in chosen]
