"""Figures of a morph run: channels of each layer, what remains of each cost, and the course over the epochs."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nas_cli.reports.measure import Measure, finite
from nas_cli.reports.plots.style import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    PALE_GREY,
    QUIET,
    RULE,
    VERMILION,
    WIDTH,
    Plot,
    legend_above,
    whole_steps,
)
from nas_cli.reports.shrinking import Change, Compared, LayerChange, Shrinking, Stage

ROW, EDGES = 0.21, 0.75
"""Inches of one bar, and of axis and legend together."""

LETTER = 0.075
"""Inches of a letter of a layer's name."""


def shrinking_plots(run: Shrinking) -> list[Plot]:
    """Every figure that the run has data for."""
    return [plot for plot in (course_plot(run), remains_plot(run), channels_plot(run)) if plot is not None]


def course_plot(run: Shrinking) -> Plot | None:
    """Validation value, and channels alive and FLOPs as shares, after each epoch; None before the first."""
    if not run.stages:
        return None
    measure = run.history.measure
    return Plot(
        "course",
        "Course of the run",
        "Above, the validation value after each epoch; below, what remains of channels and FLOPs. "
        "Upright lines part the phases.",
        lambda figure: _draw_course(figure, run, measure),
        width=WIDTH,
        height=4.3,
    )


def remains_plot(run: Compared) -> Plot | None:
    """Each cost of the smaller network as a share of the original's; None before the first shrinking."""
    found = [change for change in run.changes if change.share is not None and change.name != "MACs per image"]
    if not found:
        return None
    return Plot(
        "remains",
        "What remains",
        "The smaller network's figures as a share of the original's; the upright line is the original.",
        lambda figure: _draw_remains(figure, found),
        width=WIDTH,
        height=max(2.2, EDGES + 0.5 * len(found)),
    )


def channels_plot(run: Shrinking) -> Plot | None:
    """Channels of each layer before and after; None before the first shrinking."""
    rows = run.layers
    if not rows or not run.shrunk:
        return None
    longest = max(len(row.name) for row in rows)
    return Plot(
        "channels",
        "Channels of each layer",
        "The pale bar is the original layer, the dark one what is left of it. A layer without a dark bar is gone.",
        lambda figure: _draw_channels(figure, rows),
        width=max(6.4, 5.4 + LETTER * longest),
        height=EDGES + ROW * len(rows),
        tips={f"#change-{i}": _tip(row) for i, row in enumerate(rows)},
    )


def _draw_course(figure: Figure, run: Shrinking, measure: Measure) -> None:
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    for stage in run.stages:
        _line(above, stage, measure)
    steps = [stage for stage in run.stages if stage.kind != "baseline"]
    _shares(below, steps, finite(run.before.get("flops")))
    for axes in (above, below):
        for stage in steps[1:]:
            axes.axvline(stage.begin + 0.5, color=MUTED, linewidth=0.8, linestyle=":")
    _name_phases(above, steps)
    above.set_ylabel(f"{measure.label}" + (f" [{measure.unit}]" if measure.unit else ""))
    below.set(xlabel="epoch", ylabel="left [%]", ylim=(0, 106))
    whole_steps(below)
    legend_above(figure, columns=2)


def _line(axes: Axes, stage: Stage, measure: Measure) -> None:
    points = [(stage.begin + i, measure.valid(epoch)) for i, epoch in enumerate(stage.epochs, start=1)]
    known = [(x, value * measure.scale) for x, value in points if value is not None]
    if not known:
        return
    baseline = stage.kind == "baseline"
    axes.plot(
        *zip(*known, strict=True),
        color=MUTED if baseline else BLUE,
        linestyle="--" if baseline else "-",
        marker="s" if baseline else "o",
        ms=3.5,
        linewidth=1.4 if baseline else 1.8,
        label="original network, not shrunk" if baseline else f"validation {measure.label}",
    )


def _shares(axes: Axes, stages: Sequence[Stage], flops: float | None) -> None:
    """Channels alive and FLOPs after each epoch as shares of the first network's."""
    rows = [(stage.begin + i, epoch) for stage in stages for i, epoch in enumerate(stage.epochs, start=1)]
    if not rows:
        return
    first = rows[0][1]
    for key, whole, colour, style, label in (
        ("alive", finite(first.get("channels")), VERMILION, "--", "channels alive"),
        ("flops", flops, GREEN, "-", "FLOPs"),
    ):
        points = [(x, finite(epoch.get(key))) for x, epoch in rows]
        known = [(x, 100 * value / whole) for x, value in points if value is not None and whole]
        line = [(0.0, 100.0), *known]
        axes.plot(*zip(*line, strict=True), color=colour, linestyle=style, marker=".", ms=5, label=label)


def _name_phases(axes: Axes, stages: Sequence[Stage]) -> None:
    for stage in stages:
        axes.annotate(
            stage.name.replace("-", " "),
            (stage.begin + 0.5 + len(stage.epochs) / 2 - 0.5, 1.0),
            xycoords=axes.get_xaxis_transform(),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            fontsize=8.5,
            color=INK,
        )


def _draw_remains(figure: Figure, changes: Sequence[Change]) -> None:
    axes = figure.subplots()
    shares = [100 * (change.share or 0.0) for change in changes]
    places = range(len(changes))
    axes.barh(places, shares, height=0.55, color=BLUE)
    axes.axvline(100, color=INK, linewidth=1.0)
    right = max(100.0, *shares)
    for place, share in zip(places, shares, strict=True):
        axes.text(share + right * 0.015, place, f"{share:.0f} %", va="center", fontsize=9, color=INK)
    axes.set_yticks(list(places), [change.name for change in changes])
    axes.set(xlabel="share of the original [%]", xlim=(0, right * 1.16))
    axes.invert_yaxis()
    axes.grid(False, axis="y")


def _draw_channels(figure: Figure, rows: Sequence[LayerChange]) -> None:
    axes = figure.subplots()
    places = range(len(rows))
    before, after = ([row.number(side, "channels") for row in rows] for side in ("before", "after"))
    urls = [f"#change-{i}" for i in places]
    pale = axes.barh(places, before, height=0.8, color=PALE_GREY, edgecolor=QUIET, linewidth=0.6, label="before")
    dark = axes.barh(places, after, height=0.44, color=BLUE, label="after")
    for bars in (pale, dark):
        for bar, url in zip(bars, urls, strict=True):
            bar.set_url(url)
    widest = max([*before, *after])
    for place, (old, new) in enumerate(zip(before, after, strict=True)):
        text = f"{old}" if new == old else f"{old} → {new}" if new else f"{old} → removed"
        axes.text(max(old, new) + widest * 0.012, place, text, va="center", fontsize=8, color=INK)
    axes.set_yticks(list(places), [row.name for row in rows], fontsize=8.2)
    axes.set(xlabel="channels", xlim=(0, widest * 1.17), ylim=(len(rows) - 0.4, -0.6))
    axes.grid(True, axis="x", color=RULE)
    axes.grid(False, axis="y")
    legend_above(figure)


def _tip(row: LayerChange) -> str:
    old, new = row.number("before", "channels"), row.number("after", "channels")
    return (
        f"{row.name} ({row.before.get('kind', '')})\n{old} channels before, {new or 'removed'}{' after' if new else ''}"
    )
