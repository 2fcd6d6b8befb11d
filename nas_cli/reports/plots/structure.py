"""Figures of the search of a structure: curves, signs of a collapse, mixing weights, scores in the supernet."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nas_cli.reports.cells import ALONE
from nas_cli.reports.intervals import mean_interval
from nas_cli.reports.plots.cells import cell_plots
from nas_cli.reports.plots.correlation import correlation_plots
from nas_cli.reports.plots.style import (
    BLUE,
    DASHES,
    HEIGHT,
    SERIES,
    VERMILION,
    Plot,
    fitting_legend,
    only_horizontal_grid,
    shortened,
    whole_steps,
)
from nas_cli.reports.structure import Structure, StructureSearch
from nas_cli.reports.structure_scores import score_correlations

Line = list[tuple[float, float]]
Lines = Mapping[str, list[Line]]
"""Name of a series → a line for each search."""

PANELS = 4
"""Searches whose mixing weights are drawn beside each other, at most."""

CELL_INCHES, LABEL_INCHES = 0.42, 1.5
SKIPS = "skip connections"
BRIGHT, DARK = "#fffffe", "#000001"
"""On the cells of a heat map, which has its own ground: not colours that a dark page exchanges."""

BAND = (
    "A thin line is a search; the thick one is their mean, the band its 95 % t interval (of two searches, their range)."
)


def structure_plots(run: Structure) -> list[Plot]:
    """Every figure that the run's searches have data for."""
    if not run.searches:
        return []
    drawn = [plot for plot in (*_curves(run), *_signs(run)) if plot is not None]
    drawn += [_heat_map(run, kind) for kind in run.kinds if any(kind in search.gamma for search in run.searches)]
    drawn += [plot for search in run.searches for plot in cell_plots(run.graphs(search), search.number)]
    found = score_correlations(run)
    named = zip(found, correlation_plots(list(found.values())), strict=False)
    return drawn + [replace(plot, name=f"structure_scores_{number}") for number, plot in named]


def _curves(run: Structure) -> list[Plot | None]:
    measure = run.measure
    axis = measure.label + (f" [{measure.unit}]" if measure.unit else "")
    caption = "Training is on the half that trains the weights, validation on the half that trains the structure, both "
    caption += "of the relaxed network. " + BAND
    return [
        _plot(f"structure_{name}", f"Supernet: {title}", caption, label, _lines(run, name, scale))
        for name, title, label, scale in (
            ("loss", "loss", "loss", 1.0),
            (measure.name, measure.label, axis, measure.scale),
        )
    ]


def _lines(run: Structure, name: str, scale: float) -> Lines:
    parts = {"training": f"train_{name}", "validation": f"valid_{name}"}
    return {part: [search.course(key, scale) for search in run.searches] for part, key in parts.items()}


def _signs(run: Structure) -> list[Plot | None]:
    def lines(sign: str) -> Lines:
        return {kind: [search.sign_course(sign, kind) for search in run.searches] for kind in run.kinds}

    return [
        _plot(
            "structure_entropy",
            "Entropy of the mixing weights",
            "Mean over the edges of a kind: 1 where all operations weigh the same, 0 where one has everything. " + BAND,
            "mean entropy [share of the largest]",
            lines("entropy"),
        ),
        _plot(
            "structure_skips",
            "Skip connections of the derived cell",
            "Skip connections among the operations of the cell that each epoch pointed at. " + BAND,
            SKIPS,
            lines("skips"),
        ),
    ]


def _plot(name: str, title: str, caption: str, label: str, lines: Lines) -> Plot | None:
    kept = {series: [line for line in found if line] for series, found in lines.items()}
    kept = {series: found for series, found in kept.items() if found}
    if not kept:
        return None
    return Plot(name, title, caption, partial(_draw_lines, lines=kept, label=label))


def _draw_lines(figure: Figure, lines: Lines, label: str) -> None:
    axes = figure.subplots()
    training = set(lines) <= {"training", "validation"}
    colours = {"training": VERMILION, "validation": BLUE} if training else dict(zip(lines, SERIES, strict=False))
    for order, (series, found) in enumerate(lines.items()):
        _draw_series(axes, series, found, colours[series], DASHES[(1 - order if training else order) % len(DASHES)])
    axes.set(xlabel="epoch of the search", ylabel=label)
    whole_steps(axes)
    if label == SKIPS:
        whole_steps(axes, horizontal=False)
    fitting_legend(figure)


def _draw_series(axes: Axes, series: str, lines: list[Line], colour: str, style: str) -> None:
    several = len(lines) > 1
    for line in lines if several else ():
        axes.plot(*zip(*line, strict=True), color=colour, linestyle=style, linewidth=0.8, alpha=0.45)
    # Searches that stopped early are in the mean as far as they went.
    shared = sorted(set.intersection(*({at for at, _ in line} for line in lines)))
    intervals = [mean_interval([dict(line)[at] for line in lines]) for at in shared]
    marker = "o" if len(shared) < 25 else ""
    means = [found.mean for found in intervals]
    axes.plot(shared, means, color=colour, linestyle=style, linewidth=2.0, marker=marker, ms=3.5, label=series)
    if several:
        low, high = [found.low for found in intervals], [found.high for found in intervals]
        axes.fill_between(shared, low, high, color=colour, alpha=0.13, linewidth=0)


def _heat_map(run: Structure, kind: str) -> Plot:
    searches = [search for search in run.searches if kind in search.gamma]
    shown = searches[:PANELS]
    columns, rows = len(shown[0].gamma[kind][0]), len(shown[0].gamma[kind])
    which = "" if kind in ALONE else f", {kind} cell"
    left_out = f" The first {PANELS} of {len(searches)} searches." if len(searches) > PANELS else ""
    return Plot(
        f"structure_gamma_{kind}",
        f"Mixing weights after the last epoch{which}",
        "Weight of each operation (column) on each edge (row, source to target), in hundredths." + left_out,
        partial(_draw_heat, run=run, kind=kind, searches=shown),
        width=LABEL_INCHES / 2 + len(shown) * (CELL_INCHES * columns + 0.15) + 0.4,
        height=max(HEIGHT / 2, 0.21 * rows + LABEL_INCHES),
    )


def _draw_heat(figure: Figure, run: Structure, kind: str, searches: Sequence[StructureSearch]) -> None:
    panels = figure.subplots(1, len(searches), sharey=True, squeeze=False)[0]
    top = max(float(np.max(search.gamma[kind])) for search in searches)
    for axes, search in zip(panels, searches, strict=True):
        matrix = np.asarray(search.gamma[kind], dtype=np.float64)
        _draw_panel(axes, matrix, top, [shortened(name, 16) for name in run.operations])
        axes.set_title(f"search {search.number}")
    names = [f"{source} → {target}" for source, target in run.edges]
    if len(names) == len(searches[0].gamma[kind]):
        panels[0].set_yticks(np.arange(len(names)) + 0.5, names, fontsize=8)


def _draw_panel(axes: Axes, matrix: np.ndarray, top: float, operations: Sequence[str]) -> None:  # type: ignore[type-arg]
    rows, columns = matrix.shape
    axes.pcolormesh(matrix, cmap="Blues", vmin=0.0, vmax=top or 1.0, edgecolors=BRIGHT, linewidth=0.6)
    axes.set(xlim=(0, columns), ylim=(rows, 0))
    only_horizontal_grid(axes)
    axes.grid(False)
    if len(operations) == columns:
        axes.set_xticks(
            np.arange(columns) + 0.5, operations, rotation=60, ha="right", rotation_mode="anchor", fontsize=8
        )
    for (row, column), value in np.ndenumerate(matrix):
        colour = BRIGHT if value > 0.6 * top else DARK
        axes.text(column + 0.5, row + 0.52, f"{100 * value:.0f}", ha="center", va="center", fontsize=7, color=colour)
