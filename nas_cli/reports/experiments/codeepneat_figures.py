"""CoDeepNEAT with and without MorphNet: the thesis' Figures 8, 9 and 12 to 16 from our runs."""

from collections.abc import Mapping, Sequence
from functools import partial
from statistics import fmean
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nas_cli.reports.experiments.arms import Arm, best_by_generation, cpu_minutes, last_population
from nas_cli.reports.experiments.codeepneat_tables import DATASETS
from nas_cli.reports.plots.curves import points
from nas_cli.reports.plots.style import (
    PAPER,
    SERIES,
    WIDTH,
    Plot,
    legend_above,
    looks,
    only_horizontal_grid,
    whole_steps,
)

LABELS = {"plain": "CoDeepNEAT", "b": "MorphNet, B", "a": "MorphNet, A", "fast": "fast"}
HATCHES = ("", "//", "..", "xx")


def figures(arms: Sequence[Arm]) -> list[Plot]:
    """Figure 12, and for each data set Figures 8/9 (best accuracy by generation) and 13 to 16 (best network)."""
    plots = [_bars(arms)]
    for dataset in [name for name in DATASETS if any(arm.dataset == name for arm in arms)]:
        own = [arm for arm in arms if arm.dataset == dataset]
        plots += [_generations(dataset, own), _best_network(dataset, own)]
    return plots


def _bars(arms: Sequence[Arm]) -> Plot:
    return Plot(
        "figure_12",
        "Time and accuracy by data set",
        "Figure 12 of the thesis. Left: processor time of a search's trials. Right: mean validation accuracy of the "
        "merged last populations. Whiskers span the repeats.",
        lambda figure: _draw_bars(figure, arms),
        width=2 * WIDTH,
    )


def _draw_bars(figure: Figure, arms: Sequence[Arm]) -> None:
    left, right = figure.subplots(1, 2)
    datasets = [name for name in DATASETS if any(arm.dataset == name for arm in arms)]
    names = [name for name in LABELS if any(arm.name == name for arm in arms)]
    for order, name in enumerate(names):
        mine = {arm.dataset: arm for arm in arms if arm.name == name}
        times = {d: [cpu_minutes(s) for s in arm.repeats] for d, arm in mine.items()}
        scores = {d: [100 * fmean(last_population(s.history)) for s in arm.repeats] for d, arm in mine.items()}
        for axes, values in ((left, times), (right, scores)):
            _draw_group(axes, datasets, values, order, len(names), LABELS[name])
    for axes, label in ((left, "processor time [min]"), (right, "validation accuracy [%]")):
        axes.set_xticks(range(len(datasets)), [DATASETS[name] for name in datasets])
        axes.set_ylabel(label)
        only_horizontal_grid(axes)
    legend_above(figure)


def _draw_group(
    axes: Axes, datasets: Sequence[str], values: Mapping[str, Sequence[float]], order: int, count: int, label: str
) -> None:
    width = 0.8 / count
    places = [i for i, name in enumerate(datasets) if name in values]
    means = [fmean(values[datasets[i]]) for i in places]
    low = [mean - min(values[datasets[i]]) for i, mean in zip(places, means, strict=True)]
    high = [max(values[datasets[i]]) - mean for i, mean in zip(places, means, strict=True)]
    axes.bar(
        [place + (order - (count - 1) / 2) * width for place in places],
        means,
        width * 0.92,
        yerr=[low, high],
        color=SERIES[order],
        hatch=HATCHES[order],
        edgecolor=PAPER,
        label=label,
        capsize=2,
    )


def _generations(dataset: str, arms: Sequence[Arm]) -> Plot:
    return Plot(
        f"generations_{dataset}",
        f"Best network by generation, {DATASETS[dataset]}",
        "As Figures 8 and 9 of the thesis: validation accuracy of each generation's best network, mean over repeats; "
        "the band spans them.",
        partial(_draw_generations, arms=arms),
    )


def _draw_generations(figure: Figure, arms: Sequence[Arm]) -> None:
    axes = figure.subplots()
    for order, name in enumerate(LABELS):
        for arm in arms:
            if arm.name == name:
                _draw_course(axes, arm, order)
    axes.set(xlabel="generation", ylabel="validation accuracy [%]")
    whole_steps(axes)
    legend_above(figure, columns=2)


def _draw_course(axes: Axes, arm: Arm, order: int) -> None:
    courses = [best_by_generation(source.history) for source in arm.repeats]
    generations = sorted(set.intersection(*(set(course) for course in courses)))
    columns = [[100 * course[generation] for course in courses] for generation in generations]
    shown = [generation + 1 for generation in generations]
    axes.plot(shown, [fmean(column) for column in columns], **_style(arm.name, order))
    low, high = [min(column) for column in columns], [max(column) for column in columns]
    axes.fill_between(shown, low, high, color=SERIES[order], alpha=0.12, linewidth=0)


def _style(name: str, order: int) -> dict[str, Any]:
    return {**looks(order), "label": LABELS[name]}


def _best_network(dataset: str, arms: Sequence[Arm]) -> Plot:
    return Plot(
        f"best_network_{dataset}",
        f"Training of the best network, {DATASETS[dataset]}",
        "As Figures 13 to 16 of the thesis: validation loss and accuracy of the best network of all repeats while it "
        "trains.",
        partial(_draw_best, arms=arms),
        width=2 * WIDTH,
    )


def _draw_best(figure: Figure, arms: Sequence[Arm]) -> None:
    left, right = figure.subplots(1, 2)
    for order, name in enumerate(LABELS):
        trials = [s.history.best for arm in arms if arm.name == name for s in arm.repeats if s.history.best]
        if not trials:
            continue
        best = max(trials, key=lambda trial: trial.fitness or 0.0)
        style = _style(name, order)
        left.plot(*zip(*points(best.curve, "valid_loss"), strict=True), **style)
        right.plot(*zip(*points(best.curve, "valid_accuracy", 100.0), strict=True), **style)
    for axes, label in ((left, "validation loss"), (right, "validation accuracy [%]")):
        axes.set(xlabel="epoch", ylabel=label)
        whole_steps(axes)
    legend_above(figure)
