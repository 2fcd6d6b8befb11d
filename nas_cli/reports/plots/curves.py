"""Learning curves: of every trial of a search, or of one training."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from nas_cli.reports.history import History
from nas_cli.reports.measure import Measure, finite
from nas_cli.reports.plots.style import BLUE, INK, QUIET, VERMILION, Plot, legend_above, whole_steps
from nas_cli.reports.thinning import drawn, links, thinned_text
from nas_cli.reports.trial import Trial

Curve = Sequence[Mapping[str, Any]]
Points = list[tuple[float, float]]

CURVES = 300
"""Lines beside those of the trials that are listed, at most."""

APART = " The training loss is that of the distillation, the validation loss the cross-entropy with the labels alone."


def search_curves(history: History) -> Plot | None:
    """Validation value against epoch, a line per trial and the best one in front; None without curves."""
    measure = history.measure
    curved = [trial for trial in history.trials if trial.curve]
    trials = drawn(history, curved, most=CURVES)
    lines = {t.id: points(t.curve, f"valid_{measure.name}", measure.scale) for t in trials}
    lines = {number: line for number, line in lines.items() if line}
    if not lines:
        return None
    tips = {f"#trial-{number}": _tip(number, line, measure) for number, line in lines.items()}
    best = history.best
    urls = dict(zip((trial.id for trial in trials), links(history, trials), strict=True))
    return Plot(
        "learning_curves",
        "Learning curves",
        "Validation value after each epoch; one line per trial, the best trial in front."
        + thinned_text(len(trials), len(curved)),
        lambda figure: _draw_search(figure, lines, best, measure, urls),
        tips=tips,
    )


def training_curves(history: History) -> list[Plot]:
    """Value and loss of a single training against epoch, training beside validation; empty without epochs."""
    measure = history.measure
    caption = "Training and validation after each epoch; the circle marks the best epoch on the validation split."
    axis = measure.label + (f" [{measure.unit}]" if measure.unit else "")
    plots = []
    for name, label, scale, rising in (
        (measure.name, axis, measure.scale, measure.higher_is_better),
        ("loss", "loss", 1.0, False),
    ):
        lines = {kind: points(history.epochs, f"{kind}_{name}", scale) for kind in ("train", "valid")}
        if any(lines.values()):
            title = f"Training: {measure.label if name == measure.name else name}"
            apart = name == "loss" and "distill" in history.start
            draw = partial(_draw_training, lines=lines, axis=label, rising=rising, apart=apart)
            plots.append(Plot(f"training_{name}", title, caption + (APART if apart else ""), draw))
    return plots


def points(curve: Curve, key: str, scale: float = 1.0) -> Points:
    """(epoch, value times `scale`) for each epoch that has a finite value under `key`."""
    values = ((row.get("epoch", i), finite(row.get(key))) for i, row in enumerate(curve, start=1))
    return [(float(epoch), value * scale) for epoch, value in values if value is not None]


def best_point(line: Points, higher_is_better: bool) -> tuple[float, float]:
    """The first best (epoch, value) of a curve."""
    return max(line, key=lambda p: p[1]) if higher_is_better else min(line, key=lambda p: p[1])


def _draw_search(
    figure: Figure, lines: dict[int, Points], best: Trial | None, measure: Measure, urls: Mapping[int, str | None]
) -> None:
    axes = figure.subplots()
    others = {number: line for number, line in lines.items() if best is None or number != best.id}
    alpha = 0.75 if len(others) < 40 else 0.4
    if others:
        _draw_others(axes, others, alpha, urls)
    if best is not None and best.id in lines:
        _draw_best(axes, best, lines[best.id], measure)
    axes.autoscale_view()
    axes.set(xlabel="epoch", ylabel=measure.axis)
    whole_steps(axes)
    legend_above(figure)


def _draw_others(axes: Axes, lines: Mapping[int, Points], alpha: float, links_: Mapping[int, str | None]) -> None:
    urls = [links_[number] for number in lines]
    segments = list(lines.values())
    axes.add_collection(
        LineCollection(segments, colors=QUIET, linewidths=1.0, alpha=alpha, urls=urls, label="other trials")
    )
    ends = [line[-1] for line in segments]
    axes.scatter([x for x, _ in ends], [y for _, y in ends], s=7, color=QUIET, alpha=alpha, linewidths=0)


def _draw_best(axes: Axes, best: Trial, line: Points, measure: Measure) -> None:
    train = points(best.curve, f"train_{measure.name}", measure.scale)
    if train:
        axes.plot(*zip(*train, strict=True), color=INK, linestyle="--", linewidth=1.3, label="its training value")
    label = f"best trial (#{best.id})"
    axes.plot(*zip(*line, strict=True), color=BLUE, linewidth=2.4, marker="o", label=label, zorder=5)


def _draw_training(figure: Figure, lines: Mapping[str, Points], axis: str, rising: bool, apart: bool) -> None:
    """Both on one axis, or `apart`, where they are values of different functions."""
    rows = figure.subplots(2 if apart else 1, 1, sharex=True, squeeze=False)[:, 0]
    train, valid = lines["train"], lines["valid"]
    marker = "o" if max(len(train), len(valid)) < 25 else ""
    if train:
        line = {"color": VERMILION, "linestyle": "--", "marker": marker, "ms": 3.5, "label": "training"}
        rows[0].plot(*zip(*train, strict=True), **line)
    if valid:
        rows[-1].plot(*zip(*valid, strict=True), color=BLUE, marker=marker, ms=3.5, label="validation")
        epoch, value = best_point(valid, rising)
        rows[-1].plot(
            [epoch],
            [value],
            "o",
            ms=10,
            markerfacecolor="none",
            markeredgecolor=INK,
            markeredgewidth=1.4,
            clip_on=False,
        )
    for axes in rows:
        axes.set(ylabel=axis)
    rows[-1].set(xlabel="epoch")
    whole_steps(rows[-1])
    legend_above(figure)


def _tip(number: int, line: Points, measure: Measure) -> str:
    epoch, value = line[-1]
    return f"Trial {number}\n{measure.text(value / measure.scale)} after epoch {epoch:g}"
