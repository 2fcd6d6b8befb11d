"""Figure of a quantize run: validation value against compressed size."""

import math

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from nas_cli.reports.measure import finite
from nas_cli.reports.numbers import size
from nas_cli.reports.plots.style import INK, MARKERS, PAPER, QUIET, SERIES, Plot, fitting_legend
from nas_cli.reports.quantized import GIVEN, Quantized, Row


def quantized_plots(run: Quantized) -> list[Plot]:
    """Every figure that the run has data for."""
    points = _points(run)
    if len(points) < 2:
        return []
    return [
        Plot(
            "sizes",
            "Accuracy against size" if run.measure.unit else "Error against size",
            "Each method's file after gzip, and its validation value. The circle is the chosen one.",
            lambda figure: _draw(figure, run, points),
        )
    ]


def _points(run: Quantized) -> list[tuple[str, float, float]]:
    """(name, compressed bytes, validation value)."""
    rows: list[tuple[str, Row]] = [(GIVEN, run.before), *((str(row["name"]), row) for row in run.methods)]
    found = [(name, finite(row.get("gzip_bytes")), run.measure.valid(row)) for name, row in rows]
    return [(name, packed, value) for name, packed, value in found if packed is not None and value is not None]


def _steps(low: float, high: float) -> list[float]:
    """Powers of 2 between two sizes, in bytes; every second, or more rarely, where there are more than six."""
    powers = list(range(math.ceil(math.log2(low)), math.floor(math.log2(high)) + 1))
    return [float(2**power) for power in powers[:: 1 + len(powers) // 7]]


def _mark(order: int) -> tuple[str, str]:
    """Colour and mark of a method; the same pair comes back after 42: there is one mark more than colours."""
    return SERIES[order % len(SERIES)], MARKERS[order % len(MARKERS)]


def _draw(figure: Figure, run: Quantized, points: list[tuple[str, float, float]]) -> None:
    axes = figure.subplots()
    for number, (name, packed, value) in enumerate(points):
        colour, marker = (QUIET, "o") if name == GIVEN else _mark(number - 1)
        shown = value * run.measure.scale
        axes.scatter([packed], [shown], s=45, color=colour, marker=marker, edgecolors=PAPER, label=name, zorder=3)
        if name == run.chosen:
            axes.scatter([packed], [shown], s=160, facecolors="none", edgecolors=INK, linewidths=1.5, zorder=4)
    axes.set_xscale("log")
    low, high = min(p for _, p, _ in points) / 1.5, max(p for _, p, _ in points) * 1.5
    axes.set_xlim(low, high)
    axes.set_xticks(_steps(low, high))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: size(value)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set(xlabel="file size after gzip", ylabel=run.measure.axis)
    axes.margins(y=0.15)
    fitting_legend(figure)
