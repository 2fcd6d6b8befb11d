"""The course of a search: per generation, per trial, and the species."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from statistics import fmean

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nas_cli.reports.history import History
from nas_cli.reports.outcome import best_so_far, by_generation, species
from nas_cli.reports.plots.style import (
    BLUE,
    INK,
    PAPER,
    QUIET,
    SERIES,
    VERMILION,
    Plot,
    legend_above,
    only_horizontal_grid,
    whole_steps,
)
from nas_cli.reports.thinning import DRAWN, drawn, links, listed, thinned_text
from nas_cli.reports.trial import Trial

Sizes = Mapping[int, Mapping[str, int]]

MOST_MARKED, MOST_AREAS = 60, 150
"""Generations whose marks, or areas, can be told apart."""

MOST_PIECES = 160
"""Pieces of bars that can be told apart."""

MOST_NAMED = 16
"""Generations beside each other whose number, and whose species' numbers, can all be read."""


def generation_plot(history: History) -> Plot | None:
    """Best and mean validation value of each generation over its trials; None without a scored trial."""
    values = by_generation(history)
    if not values:
        return None
    return Plot(
        "generations",
        "Generations",
        "Each dot is a trial; the lines join the best and the mean of each generation's trials that did not fail."
        + (f" Every {step}th dot is drawn." if (step := _step(values)) > 1 else ""),
        lambda figure: _draw_generations(figure, values, history),
    )


def best_so_far_plot(history: History) -> Plot | None:
    """Best validation value against the number of trials finished; None without a scored trial."""
    steps = best_so_far(history)
    if not steps:
        return None
    trials = drawn(history, history.trials)
    budgets = " The best is one of the largest budget so far." if history.budgets else ""
    return Plot(
        "best_so_far",
        "Best so far",
        "Best validation value against the number of trials; failed trials count too."
        + budgets
        + thinned_text(len(trials), len(history.trials)),
        lambda figure: _draw_best_so_far(figure, steps, history, trials),
        tips={f"#trial-{t.id}": _tip(history, t) for t in listed(history)},
    )


def species_plots(history: History) -> list[Plot]:
    """Sizes of the species over the generations, a plot per population; empty if the strategy has no species."""
    caption = "Members of each species in each generation; the numbers name the species."
    return [
        Plot(f"species_{population}", f"Species of {population}s", caption, partial(_draw_species, sizes=sizes))
        for population, sizes in species(history).items()
    ]


def _step(values: Mapping[int, Sequence[float]]) -> int:
    """Every how manieth dot of a generation plot is drawn."""
    return max(1, sum(map(len, values.values())) // DRAWN)


def _tip(history: History, trial: Trial) -> str:
    outcome = f"failed: {trial.reason}" if trial.fitness is None else history.measure.text(history.score(trial))
    return f"Trial {trial.id}, generation {trial.generation}\n{outcome}"


def _draw_generations(figure: Figure, values: Mapping[int, Sequence[float]], history: History) -> None:
    axes = figure.subplots()
    scale, pick = history.measure.scale, max if history.measure.higher_is_better else min
    dots = [(generation, value * scale) for generation, found in values.items() for value in found][:: _step(values)]
    axes.scatter([x for x, _ in dots], [y for _, y in dots], s=14, color=QUIET, alpha=0.7, linewidths=0, label="trials")
    means = [fmean(found) * scale for found in values.values()]
    bests = [pick(found) * scale for found in values.values()]
    marks = ("s", "o") if len(values) <= MOST_MARKED else ("", "")
    axes.plot(list(values), means, color=VERMILION, linestyle="--", marker=marks[0], label="mean")
    axes.plot(list(values), bests, color=BLUE, marker=marks[1], linewidth=2.2, label="best")
    axes.set(xlabel="generation", ylabel=history.measure.axis)
    if len(values) == 1:
        axes.set_xlim(min(values) - 1, min(values) + 1)
    only_horizontal_grid(axes)
    generation_ticks(axes, values)
    legend_above(figure)


def _draw_best_so_far(
    figure: Figure, steps: Sequence[tuple[int, float]], history: History, trials: Sequence[Trial]
) -> None:
    axes = figure.subplots()
    measure = history.measure
    places = {trial.id: count for count, trial in enumerate(history.trials, start=1)}
    scored = [(places[t.id], t) for t in trials if history.score(t) is not None]
    axes.scatter(
        [i for i, _ in scored],
        [(history.score(t) or 0.0) * measure.scale for _, t in scored],
        s=14,
        color=QUIET,
        linewidths=0,
        urls=links(history, [t for _, t in scored]),
        label="trials",
    )
    last = (len(history.trials), steps[-1][1])
    changes = [step for before, step in zip([(0, None), *steps], steps, strict=False) if step[1] != before[1]]
    counts, values = zip(*[*changes, last], strict=True)
    axes.step(counts, [v * measure.scale for v in values], where="post", color=BLUE, linewidth=2.2, label="best so far")
    axes.set(xlabel="trials finished", ylabel=measure.axis)
    axes.set_xlim(0, len(history.trials) + 1)
    whole_steps(axes)
    failed = [places[t.id] for t in trials if history.score(t) is None]
    if failed:
        low = [0.025] * len(failed)
        axes.plot(failed, low, "x", color=INK, ms=4.5, transform=axes.get_xaxis_transform(), label="failed")
    legend_above(figure)


def _draw_species(figure: Figure, sizes: Sizes) -> None:
    axes = figure.subplots()
    if sum(map(len, sizes.values())) <= MOST_PIECES:
        _stack(axes, sizes)
    else:
        _flow(axes, sizes)
    axes.set(xlabel="generation", ylabel="members")
    only_horizontal_grid(axes)
    whole_steps(axes, horizontal=False)
    generation_ticks(axes, sizes)


def generation_ticks(axes: Axes, generations: Collection[int]) -> None:
    """A tick for each generation there is, as long as their numbers have room."""
    if len(generations) <= MOST_NAMED:
        axes.set_xticks(sorted(generations))
    else:
        whole_steps(axes)


def _stack(axes: Axes, sizes: Sizes) -> None:
    """Bars with every species at the same place in the order of its first appearance."""
    names = list(dict.fromkeys(name for generation in sorted(sizes) for name in sizes[generation]))
    tallest = max(sum(found.values()) for found in sizes.values())
    bottoms = dict.fromkeys(sizes, 0)
    for order, name in enumerate(names):
        colour = SERIES[order % len(SERIES)]
        hatch = ("", "////", "....", "xx")[order // len(SERIES) % 4]
        for generation, found in sizes.items():
            members = found.get(name, 0)
            if members:
                axes.bar(
                    generation,
                    members,
                    bottom=bottoms[generation],
                    width=0.86,
                    color=colour,
                    edgecolor=PAPER,
                    linewidth=1.0,
                    hatch=hatch,
                )
                peak = members == max(other.get(name, 0) for other in sizes.values())
                if members / tallest > 0.055 and (len(sizes) <= MOST_NAMED or peak):
                    _name(axes, generation, bottoms[generation] + members / 2, name, colour)
            bottoms[generation] += members
    axes.set_xlim(min(sizes) - 0.6, max(max(sizes), min(sizes) + 3) + 0.6)


def _flow(axes: Axes, sizes: Sizes) -> None:
    """Areas in place of bars, for more generations than bars can show; each species has the colour of its first
    appearance's place, and white lines part them."""
    shown = sorted(sizes)[:: max(1, len(sizes) // MOST_AREAS)]
    names = list(dict.fromkeys(name for generation in shown for name in sizes[generation]))
    heights = [[sizes[generation].get(name, 0) for generation in shown] for name in names]
    colours = [SERIES[order % len(SERIES)] for order in range(len(names))]
    axes.stackplot(shown, heights, colors=colours, edgecolor=PAPER, linewidth=0.4)
    bottoms = [0] * len(shown)
    tallest = max(sum(column) for column in zip(*heights, strict=True))
    for name, row, colour in zip(names, heights, colours, strict=True):
        peak = row.index(max(row))
        if max(row) > 0.14 * tallest and 0 < peak < len(shown) - 1:
            _name(axes, shown[peak], bottoms[peak] + row[peak] / 2, name, colour)
        bottoms = [bottom + members for bottom, members in zip(bottoms, row, strict=True)]
    axes.set_xlim(shown[0], shown[-1])


def _name(axes: Axes, x: float, y: float, name: str, colour: str) -> None:
    box = {"boxstyle": "round,pad=0.12", "facecolor": PAPER, "edgecolor": "none"}
    axes.text(x, y, name, ha="center", va="center_baseline", fontsize=7.5, color=INK, bbox=box)
