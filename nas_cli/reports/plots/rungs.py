"""Candidates over the budgets that they were evaluated with: the rungs of successive halving."""

from collections import Counter

from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from nas_cli.reports.history import History
from nas_cli.reports.plots.style import BLUE, INK, QUIET, Plot, legend_above
from nas_cli.reports.thinning import drawn, links, thinned_text
from nas_cli.reports.trial import Trial


def rungs_plot(history: History) -> Plot | None:
    """Score against budget, a line per candidate that went on to a larger one; None with fewer than two budgets."""
    scored = [trial for trial in history.scored if trial.budget is not None and history.score(trial) is not None]
    if len({trial.budget for trial in scored}) < 2:
        return None
    trials = drawn(history, scored)
    counts = Counter(trial.budget or 0 for trial in scored)
    listing = ", ".join(f"{counts[budget]} with {budget}" for budget in sorted(counts))
    return Plot(
        "rungs",
        "Rungs",
        f"A dot is a trial, a line a candidate that was evaluated again with a larger budget. Trials: {listing} epochs."
        + thinned_text(len(trials), len(scored)),
        lambda figure: _draw(figure, history, trials),
        tips={
            f"#trial-{t.id}": f"Trial {t.id}, {t.budget} epochs\n{history.measure.text(history.score(t))}"
            for t in trials
        },
    )


def _draw(figure: Figure, history: History, trials: list[Trial]) -> None:
    axes = figure.subplots()
    scale = history.measure.scale
    candidates: dict[str, list[tuple[float, float]]] = {}
    for trial in trials:
        candidates.setdefault(trial.digest, []).append(
            (float(trial.budget or 0), (history.score(trial) or 0.0) * scale)
        )
    lines = [sorted(points) for points in candidates.values() if len(points) > 1]
    axes.add_collection(LineCollection(lines, colors=QUIET, linewidths=0.9, alpha=0.7, label="same candidate"))
    xs, ys = [float(t.budget or 0) for t in trials], [(history.score(t) or 0.0) * scale for t in trials]
    axes.scatter(xs, ys, s=16, color=BLUE, linewidths=0, urls=links(history, trials), label="trials", zorder=3)
    best = history.best
    if best is not None and best.budget:
        value = (history.score(best) or 0.0) * scale
        label = f"chosen (#{best.id})"
        axes.scatter([best.budget], [value], s=140, facecolors="none", edgecolors=INK, lw=1.5, label=label, zorder=4)
    axes.set_xscale("log")
    budgets = sorted(set(xs))
    axes.xaxis.set_major_locator(FixedLocator(budgets))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlim(budgets[0] / 1.3, budgets[-1] * 1.3)
    axes.set(xlabel="budget [epochs]", ylabel=history.measure.axis)
    legend_above(figure)
