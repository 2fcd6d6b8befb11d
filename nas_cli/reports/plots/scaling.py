"""Images per second and scaling against the number of workers, measured and projected points told apart."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nas_cli.reports.plots.style import GREEN, HEIGHT, INK, MARKERS, PAPER, SERIES, WIDTH, Plot

Row = Mapping[str, Any]

MODES = ("ps-sync", "ps-async", "ring-allreduce", "independent")
"""In the order of Polishchuk et al.'s figures 9 to 14."""

COLOURS = tuple(colour for colour in SERIES if colour != GREEN)
"""Green is that of ideal scaling."""


def scaling_plots(rows: Sequence[Row]) -> list[Plot]:
    """Two figures per cluster: images per second, and T_W / T_1 beside the ideal W; a panel per mode.

    Rows as in `nas_cli.bench.rows`; those of `kind` measured are filled marks, projected ones lines with open marks.
    """
    plots = []
    for cluster in dict.fromkeys(row["cluster"] for row in rows):
        found = [row for row in rows if row["cluster"] == cluster]
        if len({row["processes"] for row in found}) == 1 and all(row["kind"] == "projected" for row in found):
            # An advice on one number of workers: nothing scales, and its table says it all.
            continue
        present = [mode for mode in MODES if any(row["mode"] == mode for row in found)]
        name = str(cluster or "hosts").replace("/", "_")
        width = WIDTH if len(present) == 1 else min(2, 0.35 + 0.62 * len(present)) * WIDTH
        for kind, title, what in (("rate", "Images per second", "images/s"), ("scaling", "Scaling", "T_W / T_1")):
            plots.append(
                Plot(
                    f"{kind}_{name}",
                    f"{title} on {cluster or 'the given hosts'}",
                    _caption(kind),
                    partial(_draw, rows=found, modes=present, kind=kind, label=what),
                    width=width,
                    height=HEIGHT + 0.5,
                )
            )
    return plots


def _caption(kind: str) -> str:
    marks = "Filled marks are measured, lines with open marks projected."
    if kind == "rate":
        return f"All workers together, per mode of distribution. {marks} Bars: ± 2 standard errors."
    return f"Against one worker alone; the green line is ideal scaling, W workers W times as fast. {marks}"


def _draw(figure: Figure, rows: Sequence[Row], modes: Sequence[str], kind: str, label: str) -> None:
    grid = figure.subplots(1, len(modes), squeeze=False, sharey=True)[0]
    models = list(dict.fromkeys(row["model"] for row in rows))
    for axes, mode in zip(grid, modes, strict=True):
        shown = [row for row in rows if row["mode"] == mode]
        for position, model in enumerate(models):
            _draw_model(axes, [row for row in shown if row["model"] == model], position, kind, rows)
        axes.set_title(mode)
        axes.set_xlabel("workers W")
        axes.set_xscale("log", base=2)
        axes.set_yscale("log", base=2 if kind == "scaling" else 10)
        _whole_labels(axes, kind)
        if kind == "scaling" and shown:
            ends = sorted({row["processes"] for row in shown})
            axes.plot(ends, ends, color=GREEN, linewidth=1.2, zorder=1)
    grid[0].set_ylabel(label)
    handles = [_handle(position, model) for position, model in enumerate(models)]
    handles += [Line2D([], [], color=GREEN, label="ideal")] if kind == "scaling" else []
    if any(row["kind"] == "measured" for row in rows):
        handles.append(Line2D([], [], color=INK, linestyle="", marker="o", label=_measured_label(rows)))
    figure.legend(handles=handles, loc="outside upper left", ncols=max(2, round(figure.get_figwidth() / 1.6)))


def _measured_label(rows: Sequence[Row]) -> str:
    """'measured', and the batches where they are not the projected one: then the points cannot be compared."""
    batches = {kind: {row["batch"] for row in rows if row["kind"] == kind} for kind in ("measured", "projected")}
    if batches["measured"] <= batches["projected"]:
        return "measured"
    return f"measured, batch {', '.join(map(str, sorted(batches['measured'])))}"


def _draw_model(axes: Axes, rows: Sequence[Row], position: int, kind: str, all_rows: Sequence[Row]) -> None:
    colour, marker = COLOURS[position % len(COLOURS)], MARKERS[position % len(MARKERS)]
    for source in ("projected", "measured"):
        points = sorted((row["processes"], _value(row, kind, all_rows)) for row in rows if row["kind"] == source)
        points = [point for point in points if point[1] is not None]
        if not points:
            continue
        filled = source == "measured"
        if filled and kind == "rate":
            _uncertain(axes, [row for row in rows if row["kind"] == source and row.get("uncertainty")], colour)
        axes.plot(
            [point[0] for point in points],
            [point[1] for point in points],
            color=colour,
            linestyle="" if filled else "-",
            linewidth=1.4,
            marker=marker,
            markersize=7 if filled else 3.5,
            markerfacecolor=colour if filled else PAPER,
            zorder=4 if filled else 3,
        )


def _uncertain(axes: Axes, rows: Sequence[Row], colour: str) -> None:
    """Two standard errors on either side of the measured images per second."""
    for row in rows:
        rate, error = row["images_per_second"], 2 * row["uncertainty"]
        axes.vlines(row["processes"], max(rate - error, rate / 10), rate + error, color=colour, linewidth=1.2, zorder=3)


def _value(row: Row, kind: str, rows: Sequence[Row]) -> Any:
    """What the figure shows of a row; for scaling None where the rate of one worker is not known."""
    if kind == "rate":
        return row["images_per_second"]
    if row.get("efficiency") is not None:
        return row["efficiency"] * row["processes"]
    alone = [
        other["images_per_second"]
        for other in rows
        if other["processes"] == 1 and other["model"] == row["model"] and other["mode"] in ("independent", row["mode"])
    ]
    return row["images_per_second"] / alone[0] if alone else None


def _whole_labels(axes: Axes, kind: str) -> None:
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}")
    low, high = axes.get_ylim()
    if kind == "rate" and high < 10 * low:
        # Within a decade the small ticks are the only ones.
        axes.yaxis.set_minor_formatter(lambda value, _: f"{value:,.0f}" if value >= 100 else f"{value:g}")


def _handle(position: int, model: str) -> Line2D:
    colour, marker = COLOURS[position % len(COLOURS)], MARKERS[position % len(MARKERS)]
    return Line2D([], [], color=colour, marker=marker, markerfacecolor=PAPER, label=model)
