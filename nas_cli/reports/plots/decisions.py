"""What each decision was set to, and how the trials with that value scored."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nas_cli.reports.history import History
from nas_cli.reports.importance import WIDE, varying
from nas_cli.reports.plots.style import BLUE, INK, QUIET, VERMILION, Plot, shortened
from nas_cli.reports.thinning import drawn, thinned_text
from nas_cli.reports.trial import Trial

SHOWN = 12
"""Decisions that are drawn at most."""

CHOICES = 12
"""Numbers with more different values than that are drawn on an axis of numbers."""

ACROSS = 3


@dataclass(frozen=True)
class Strip:
    """One decision over the trials: place and value of each, the names of the places, and the place of the best."""

    name: str
    places: Sequence[float]
    values: Sequence[float]
    names: Sequence[str]
    best: tuple[float, float] | None
    logarithmic: bool = False


def decisions_plot(history: History) -> Plot | None:
    """A small figure per decision: the score of each trial by its value; None without decisions that vary."""
    all_trials = [trial for trial in history.comparable if trial.decisions]
    names = varying([trial.decisions for trial in all_trials])
    if not names:
        return None
    trials = drawn(history, all_trials, most=600)
    strips = [_strip(history, name, trials) for name in names[:SHOWN]]
    across = min(ACROSS, len(strips))
    rows = math.ceil(len(strips) / across)
    more = f" The first {SHOWN} of {len(names)} decisions." if len(names) > SHOWN else ""
    return Plot(
        "decisions",
        "Scores by decision",
        "A dot is a trial, the short line the median of the trials with that value, the circle the chosen trial."
        + more
        + thinned_text(len(trials), len(all_trials)),
        lambda figure: _draw(figure, strips, rows, across, history.measure.axis),
        width=3.4 * across + 0.4,
        height=0.5 + 2.3 * rows,
    )


def _strip(history: History, name: str, trials: Sequence[Trial]) -> Strip:
    scale = history.measure.scale
    found = [(trial, history.score(trial)) for trial in trials]
    rows = [(trial.decisions[name], score * scale, trial) for trial, score in found if score is not None]
    settings, values = [row[0] for row in rows], [row[1] for row in rows]
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in settings)
    continuous = numbers and len(set(settings)) > CHOICES
    order: list[Any] = [] if continuous else sorted(set(settings) if numbers else set(map(str, settings)))
    index: Mapping[Any, int] = {value: at for at, value in enumerate(order)}
    places = [float(value) if continuous else float(index[value if numbers else str(value)]) for value in settings]
    best = next(((p, v) for p, v, (_, _, t) in zip(places, values, rows, strict=True) if t is history.best), None)
    wide = continuous and min(places) > 0 and max(places) >= WIDE * min(places)
    return Strip(name, places, values, [_text(value) for value in order], best, wide)


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _draw(figure: Figure, strips: Sequence[Strip], rows: int, across: int, label: str) -> None:
    grid = figure.subplots(rows, across, squeeze=False, sharey=True)
    for number, axes in enumerate(grid.flat):
        if number >= len(strips):
            axes.axis("off")
            continue
        _draw_strip(axes, strips[number])
    figure.supylabel(label, fontsize=10, color=INK)


def _draw_strip(axes: Axes, strip: Strip) -> None:
    # The golden ratio spreads dots of one choice evenly, without a random number.
    spread = [((i * 0.618034) % 1 - 0.5) * 0.5 if strip.names else 0.0 for i in range(len(strip.places))]
    xs = [place + offset for place, offset in zip(strip.places, spread, strict=True)]
    axes.scatter(xs, strip.values, s=9, color=QUIET, alpha=0.7, linewidths=0)
    for at in range(len(strip.names)):
        found = sorted(v for p, v in zip(strip.places, strip.values, strict=True) if p == at)
        if found:
            middle = (found[(len(found) - 1) // 2] + found[len(found) // 2]) / 2
            axes.plot([at - 0.34, at + 0.34], [middle, middle], color=BLUE, linewidth=2.4)
    if strip.best is not None:
        axes.scatter(
            [strip.best[0]], [strip.best[1]], s=80, facecolors="none", edgecolors=VERMILION, linewidths=1.6, zorder=4
        )
    axes.set_title(shortened(strip.name, 30))
    if strip.names:
        _name_choices(axes, strip.names)
    elif strip.logarithmic:
        axes.set_xscale("log")


def _name_choices(axes: Axes, names: Sequence[str]) -> None:
    long = sum(map(len, names)) > 30
    axes.set_xticks(range(len(names)), [shortened(name, 16) for name in names], rotation=30 if long else 0)
    for text in axes.get_xticklabels():
        text.set_horizontalalignment("right" if long else "center")
        text.set_rotation_mode("anchor" if long else "default")
        text.set_fontsize(8.5)
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.grid(False, axis="x")
