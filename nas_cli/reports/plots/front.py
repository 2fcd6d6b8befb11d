"""Validation value against FLOPs, with the Pareto front."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from nas_cli.reports.history import History
from nas_cli.reports.measure import finite
from nas_cli.reports.numbers import count
from nas_cli.reports.outcome import pareto_front
from nas_cli.reports.plots.style import INK, PAPER, QUIET, VERMILION, Plot, legend_above
from nas_cli.reports.thinning import drawn, links, listed, thinned_text
from nas_cli.reports.trial import Trial


def front_plot(history: History) -> Plot | None:
    """Every scored trial by FLOPs and validation value; None if no trial has both."""
    every = priced(history)
    if not every:
        return None
    chosen = front(history)
    kept = {trial.id for trial in [*drawn(history, every), *chosen]}
    trials = [trial for trial in every if trial.id in kept]
    return Plot(
        "pareto",
        "Accuracy against cost" if history.measure.unit else "Error against cost",
        "Trials on the front are beaten by no trial that costs as little. The circle is the chosen network."
        + (" Only trials of the largest budget count." if history.budgets else "")
        + thinned_text(len(trials), len(every)),
        lambda figure: _draw(figure, history, trials, chosen),
        tips={f"#trial-{t.id}": _tip(history, t) for t in listed(history)},
    )


def priced(history: History) -> list[Trial]:
    """The trials of the largest budget with a value and positive FLOPs."""
    return [t for t in history.comparable if t.flops and history.score(t) is not None]


def front(history: History) -> list[Trial]:
    """The trials of the Pareto front, by rising FLOPs."""
    trials = priced(history)
    points = [(t.flops or 0.0, history.score(t) or 0.0) for t in trials]
    return [trials[i] for i in pareto_front(points, history.measure.higher_is_better)]


def _draw(figure: Figure, history: History, trials: list[Trial], chosen: list[Trial]) -> None:
    axes = figure.subplots()
    scale = history.measure.scale
    numbers = {t.id for t in chosen}
    rest = [t for t in trials if t.id not in numbers]
    xs, ys = _places(history, chosen)
    axes.step(xs, ys, where="post", color=VERMILION, linewidth=1.6, zorder=2)
    for group, colour, area, marker, label in (
        (rest, QUIET, 20, "o", "dominated"),
        (chosen, VERMILION, 40, "D", "Pareto front"),
    ):
        if not group:
            continue
        x, y = _places(history, group)
        urls = links(history, group)
        axes.scatter(
            x,
            y,
            s=area,
            color=colour,
            marker=marker,
            edgecolors=PAPER,
            linewidths=0.7,
            urls=urls,
            label=label,
            zorder=3,
        )
    best = history.best
    if best is not None and best.flops:
        value = (history.score(best) or 0.0) * scale
        axes.scatter(
            [best.flops],
            [value],
            s=150,
            facecolors="none",
            edgecolors=INK,
            linewidths=1.5,
            zorder=4,
            label=f"chosen (#{best.id})",
        )
    axes.set(xlabel="FLOPs per example", ylabel=history.measure.axis)
    set_log_axis(axes, [t.flops or 1.0 for t in trials])
    axes.margins(y=0.1)
    legend_above(figure)


def _places(history: History, trials: list[Trial]) -> tuple[list[float], list[float]]:
    values = [(history.score(t) or 0.0) * history.measure.scale for t in trials]
    return [t.flops or 0.0 for t in trials], values


def set_log_axis(axes: Axes, values: Sequence[float]) -> None:
    """A log axis for the values with ticks such as '2 M' and '50 k', enough of them however narrow the range is."""
    axes.set_xscale("log")
    low, high = min(values) / 1.4, max(values) * 1.4
    axes.set_xlim(low, high)
    steps = (1.0, 2.0, 5.0) if high / low < 150 else (1.0,)
    axes.xaxis.set_major_locator(LogLocator(subs=steps, numticks=12))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())


def tick(value: float) -> str:
    """'2 M', '500 k': a tick's number without needless zeros."""
    number, _, unit = count(value).partition(" ")
    short = number.rstrip("0").rstrip(".") if "." in number else number
    return f"{short} {unit}".rstrip()


def _tip(history: History, trial: Trial) -> str:
    lines = [
        f"Trial {trial.id}, generation {trial.generation}",
        f"{history.measure.text(history.score(trial))} {history.measure.label}",
        f"{count(trial.flops)} FLOPs, {count(finite(trial.cost.get('params')))} parameters",
    ]
    return "\n".join(lines)
