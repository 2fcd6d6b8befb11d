"""Figures of a comparison of optimizers: curves of each, all beside one another, tried rates, distance from them."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nas_cli.reports.intervals import Interval
from nas_cli.reports.learning_rates import rate_hypothesis
from nas_cli.reports.optimizer_statements import beside
from nas_cli.reports.optimizer_study import CURVE_NOTE, INTERVAL_NOTE, TITLES, RowKey, Study
from nas_cli.reports.plots.style import (
    MARKERS,
    MUTED,
    SERIES,
    Plot,
    legend_above,
    looks,
    only_horizontal_grid,
    whole_steps,
)

FIGURES = {"adagrad": 2, "adam": 3, "nadam": 4, "rmsprop": 5, "sgd": 6, "momentum": 7, "nesterov": 8}
"""The article's figure of each optimizer."""

PANELS = (("accuracy", "accuracy [%]", 100.0), ("loss", "loss", 1.0))
WIDE, TALL = 9.6, 3.6

Looks = Mapping[str, Any]


def optimizer_plots(study: Study) -> list[Plot]:
    """All figures that there is data for."""
    plots = []
    for protocol in study.protocols():
        rows = study.main_rows(protocol)
        plots.append(_together(study, protocol, rows))
        order = sorted(rows, key=lambda name: FIGURES.get(name, 99))
        plots += [_alone(study, protocol, name, rows[name]) for name in order]
    plots += [_tried(study)] if study.chosen else []
    found = rate_hypothesis(study)
    return [*plots, _distances(found)] if found else plots


def rate_text(study: Study, key: RowKey) -> str:
    """'at the shared learning rate 0.001'."""
    rate = next(iter(study.trained[key].values()))["rate"]
    return f"at {'the shared' if key.protocol == 'shared' else 'its own'} learning rate {rate:g}"


def _alone(study: Study, protocol: str, optimizer: str, key: RowKey) -> Plot:
    number = f"as Figure {FIGURES[optimizer]}: " if optimizer in FIGURES else ""
    said = beside(str(FIGURES.get(optimizer)), study, protocol)
    caption = f"{said} {len(study.trained[key])} seeds, mean and interval. {INTERVAL_NOTE} {CURVE_NOTE}".strip()
    curves = {
        f"{split}_{name}": study.mean_curve(key, f"{split}_{name}")
        for split in ("train", "test")
        for name, *_ in PANELS
    }
    title = f"{number}{TITLES[optimizer]} {rate_text(study, key)}"
    return Plot(f"{protocol}_{optimizer}", title, caption, partial(_draw_alone, curves=curves), WIDE, TALL)


def _draw_alone(figure: Figure, curves: Mapping[str, Sequence[Interval]]) -> None:
    for axes, (name, label, scale) in zip(figure.subplots(1, 2), PANELS, strict=True):
        _line(axes, curves[f"train_{name}"], scale, {**looks(1), "label": "training"})
        _line(axes, curves[f"test_{name}"], scale, {**looks(0), "label": "test"})
        axes.set(xlabel="epoch", ylabel=label)
        whole_steps(axes)
    legend_above(figure)


def _together(study: Study, protocol: str, rows: Mapping[str, RowKey]) -> Plot:
    what = "one shared learning rate" if protocol == "shared" else "each at its own learning rate"
    curves = {
        name: {f"test_{panel}": study.mean_curve(key, f"test_{panel}") for panel, *_ in PANELS}
        for name, key in rows.items()
    }
    said = beside("2-8", study, protocol)
    caption = f"{said} Means over seeds, with their intervals. {INTERVAL_NOTE} {CURVE_NOTE}"
    return Plot(f"{protocol}_all", f"Test values: {what}", caption, partial(_draw_together, curves=curves), WIDE, 4.2)


def _draw_together(figure: Figure, curves: Mapping[str, Mapping[str, Sequence[Interval]]]) -> None:
    for axes, (panel, label, scale) in zip(figure.subplots(1, 2), PANELS, strict=True):
        for position, (name, found) in enumerate(curves.items()):
            _line(axes, found[f"test_{panel}"], scale, {**looks(position), "label": TITLES[name]})
        axes.set(xlabel="epoch", ylabel=f"test {label}")
        whole_steps(axes)
    legend_above(figure)


def _line(axes: Axes, curve: Sequence[Interval], scale: float, style: Looks) -> None:
    epochs = range(1, len(curve) + 1)
    axes.plot(epochs, [scale * point.mean for point in curve], markevery=max(1, len(curve) // 10), **style)
    low, high = ([scale * getattr(point, end) for point in curve] for end in ("low", "high"))
    axes.fill_between(epochs, low, high, color=style["color"], alpha=0.15, linewidth=0)


def _tried(study: Study) -> Plot:
    tried = {name: [(r, s) for r, s in event["tried"] if s is not None] for name, event in study.chosen.items()}
    rates = {name: event["rate"] for name, event in study.chosen.items()}
    caption = (
        f"Accuracy on the validation split after {study.tune_epochs} epochs, by which each optimizer's rate is chosen "
        "(circle); rates with which training diverged are not drawn."
    )
    draw = partial(_draw_tried, tried=tried, rates=rates, shared=study.asked.get("shared_rate"))
    return Plot("rates", "Learning rates that were tried", caption, draw, WIDE / 1.5, 4.4)


def _draw_tried(
    figure: Figure,
    tried: Mapping[str, Sequence[tuple[float, float]]],
    rates: Mapping[str, float | None],
    shared: float | None,
) -> None:
    axes = figure.subplots()
    for position, (name, points) in enumerate(tried.items()):
        style = looks(position)
        axes.plot([r for r, _ in points], [100 * s for _, s in points], ms=3.5, label=TITLES[name], **style)
        best = [(r, 100 * s) for r, s in points if r == rates[name]]
        axes.plot(*zip(*best, strict=True), "o", ms=10, mfc="none", mec=style["color"]) if best else None
    if shared is not None:
        axes.axvline(shared, color=MUTED, linewidth=1.0, linestyle=":", label="shared rate")
    axes.set_xscale("log")
    axes.set(xlabel="learning rate", ylabel="validation accuracy [%]")
    legend_above(figure, columns=2)


def _distances(found: Mapping[str, Any]) -> Plot:
    caption = (
        "Test accuracy at the shared rate against how far that rate is from the optimizer's own, in powers of ten; "
        "open: accuracy at its own rate. The hypothesis says: the farther, the worse."
    )
    draw = partial(_draw_distances, rows=found["optimizers"])
    return Plot("distances", "Distance of the shared learning rate from each own one", caption, draw, WIDE / 1.5, 4.0)


def _draw_distances(figure: Figure, rows: Sequence[Mapping[str, Any]]) -> None:
    axes = figure.subplots()
    for position, row in enumerate(rows):
        distance, colour = abs(row["decades"]), SERIES[position % len(SERIES)]
        marker = MARKERS[position % len(MARKERS)]
        axes.plot([distance] * 2, [100 * row["shared"], 100 * row["tuned"]], color=colour, linewidth=0.8, alpha=0.5)
        axes.plot([distance], [100 * row["shared"]], marker, color=colour, ls="", label=TITLES[row["optimizer"]])
        axes.plot([distance], [100 * row["tuned"]], marker, mfc="none", mec=colour)
    axes.set(xlabel="|log10(shared rate / own rate)|", ylabel="test accuracy [%]")
    axes.margins(0.08)
    only_horizontal_grid(axes)
    legend_above(figure, columns=2)
