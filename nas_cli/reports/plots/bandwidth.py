"""Bandwidth against message size, a line for every way of moving a message."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nas_cli.reports.plots.style import (
    DASHES,
    HEIGHT,
    INK,
    MARKERS,
    MUTED,
    PAPER,
    SERIES,
    WIDTH,
    Plot,
    fitting_legend,
    legend_height,
)

Row = Mapping[str, Any]

CEILINGS = {"shift": INK, "memcpy": MUTED}
"""What a machine can do at all has no colour."""
UNITS = ((10**9, "GB"), (10**6, "MB"), (10**3, "KB"), (1, "B"))


def bandwidth_plots(rows: Sequence[Row]) -> list[Plot]:
    """A figure for each number of processes; rows as in `nas_cli.bench.allreduce.row`."""
    plots = []
    for processes in dict.fromkeys(row["processes"] for row in rows):
        found = [row for row in rows if row["processes"] == processes]
        labels = list(dict.fromkeys(row["label"] for row in found))
        plots.append(
            Plot(
                f"bandwidth_{processes}",
                f"Bandwidth of {processes} processes",
                "What each process sends in a ring, and what a server passes in one direction, by the median time. "
                "Dashed: the ceilings, and messages of several tensors; dotted: the server.",
                partial(_draw, rows=found, labels=labels),
                width=1.5 * WIDTH,
                height=1.3 * HEIGHT + legend_height(labels),
            )
        )
    return plots


def _draw(figure: Figure, rows: Sequence[Row], labels: Sequence[str]) -> None:
    axes = figure.subplots()
    coloured = [label for label in labels if label not in CEILINGS]
    for label in labels:
        position = coloured.index(label) if label in coloured else list(CEILINGS).index(label)
        points = sorted(
            ((row["message_bytes"], row["gb_per_second"], row) for row in rows if row["label"] == label),
            key=lambda point: point[:2],
        )
        first = points[0][2]
        axes.plot(
            [point[0] for point in points],
            [point[1] for point in points],
            label=label,
            color=CEILINGS.get(first["method"], SERIES[position % len(SERIES)]),
            linestyle=_dashes(first),
            linewidth=1.4,
            marker=MARKERS[position % len(MARKERS)],
            markersize=4,
            markerfacecolor=PAPER,
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("message")
    axes.set_ylabel("GB/s")
    _named_sizes(axes, sorted({row["message_bytes"] for row in rows}))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    fitting_legend(figure)


def _dashes(row: Row) -> str:
    if row["method"].startswith("ps-"):
        return DASHES[3]
    return DASHES[int(row["method"] in CEILINGS or row["pieces"] > 1)]


def _named_sizes(axes: Axes, sizes: Sequence[int]) -> None:
    axes.set_xticks(sizes, [_size(size) for size in sizes])
    axes.minorticks_off()


def _size(size_bytes: int) -> str:
    factor, unit = next(pair for pair in UNITS if size_bytes >= pair[0])
    return f"{size_bytes / factor:.3g} {unit}"
