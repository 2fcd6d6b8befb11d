"""Scatter plots of candidates that two evaluations scored."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from nas_cli.reports.correlation import Correlation, Rank
from nas_cli.reports.plots.style import BLUE, Plot, shortened

SHOWN = 6
"""Pairs that are drawn at most; the table has all."""

DRAWN = 1500


def correlation_plots(found: Sequence[Correlation]) -> list[Plot]:
    """A scatter plot per pair of evaluations, those with the most candidates first."""
    ordered = sorted(found, key=lambda pair: -pair.count)[:SHOWN]
    return [
        Plot(
            f"correlation_{number}",
            f"{pair.cheap.name} and {pair.dear.name}",
            f"{pair.count} candidates that both scored: Kendall's tau {rank_text(pair.kendall)}, Spearman's rho "
            f"{rank_text(pair.spearman)}; 95 % bootstrap intervals over the candidates."
            + (f" {DRAWN} of them are drawn." if pair.count > DRAWN else ""),
            partial(_draw, pair=pair),
        )
        for number, pair in enumerate(ordered, start=1)
    ]


def rank_text(rank: Rank) -> str:
    """'0.62 (0.41 to 0.77)'; a dash where it is not defined."""
    if rank.value is None or rank.low is None or rank.high is None:
        return "– (all scores of one are equal)"
    return f"{rank.value:.2f} ({rank.low:.2f} to {rank.high:.2f})"


def _draw(figure: Figure, pair: Correlation) -> None:
    axes = figure.subplots()
    points = pair.pairs
    if len(points) > DRAWN:
        points = points[np.linspace(0, len(points) - 1, DRAWN).astype(int)]
    axes.scatter(points[:, 0], points[:, 1], s=18, color=BLUE, alpha=0.6, linewidths=0)
    axes.set(xlabel=f"fitness: {shortened(pair.cheap.name, 44)}", ylabel=f"fitness: {shortened(pair.dear.name, 30)}")
    axes.margins(0.06)
