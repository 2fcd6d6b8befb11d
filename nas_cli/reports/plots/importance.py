"""How much each decision matters, as bars with their spread over the trees of the forest."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from nas_cli.reports.importance import Importance
from nas_cli.reports.plots.style import BLUE, INK, PALE_GREY, QUIET, Plot, shortened

TITLE = "Importance of the decisions"

SHOWN = 16
"""Decisions that the figure has at most; the table has all."""


def importance_plots(pools: Mapping[str, Importance | str]) -> list[Plot]:
    """A figure for each set of runs that has an importance."""
    found = {name: pool for name, pool in pools.items() if isinstance(pool, Importance)}
    return [
        importance_plot(pool, f"importance_{at}", f"Importance of the decisions: {name}" if len(found) > 1 else TITLE)
        for at, (name, pool) in enumerate(found.items(), start=1)
    ]


def importance_plot(found: Importance, name: str = "importance", title: str = TITLE) -> Plot:
    """A bar per decision, the most important on top, and one for their interactions."""
    more = f" The first {SHOWN} of {len(found.effects)} decisions." if len(found.effects) > SHOWN else ""
    return Plot(
        name,
        title,
        f"Share of the variance over the space of a random forest's prediction, fitted on {found.trials} trials "
        "(functional ANOVA); whiskers span the middle 90 % of its trees; the rest "
        "are interactions and the forest's noise. The forest explains "
        f"{100 * found.explained:.0f} % of the variance of trials it has not seen."
        + more
        + (" That is too little for the shares to mean much." if found.explained < 0.3 else ""),
        lambda figure: _draw(figure, found),
        height=max(2.0, 0.75 + 0.29 * (min(SHOWN, len(found.effects)) + 1)),
    )


def _draw(figure: Figure, found: Importance) -> None:
    axes = figure.subplots()
    effects = found.effects[:SHOWN]
    places = range(len(effects))
    shares = [100 * effect.share for effect in effects]
    below = [100 * (effect.share - min(effect.low, effect.share)) for effect in effects]
    above = [100 * (max(effect.high, effect.share) - effect.share) for effect in effects]
    axes.barh(places, shares, height=0.62, color=BLUE)
    axes.errorbar(shares, places, xerr=[below, above], fmt="none", ecolor=INK, elinewidth=1.1, capsize=2.5)
    axes.barh([len(effects)], [100 * found.rest], height=0.62, color=PALE_GREY, edgecolor=QUIET, linewidth=0.8)
    names = [*(shortened(effect.name) for effect in effects), "rest"]
    axes.set_yticks([*places, len(effects)], names)
    axes.set(xlabel="share of the variance [%]", ylim=(len(effects) + 0.6, -0.6))
    axes.set_xlim(left=0)
    axes.grid(False, axis="y")
