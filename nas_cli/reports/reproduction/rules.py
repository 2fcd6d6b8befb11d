"""Verdicts by rule: what ours must be for a claim to count as reproduced."""

from collections.abc import Sequence

from nas_cli.reports.reproduction.row import DIRECTION, NOT, REPRODUCED

RATIO_BAR = 0.2
"""How far a ratio may be from the document's, as a share of it."""

POINTS_BAR = 2.0
"""How far a difference of accuracies may be from the document's, in percentage points."""


def ratio(ours: float, theirs: float) -> str:
    """Of a ratio that the document has above (or below) one: reproduced within RATIO_BAR of it, else by its side."""
    if abs(ours / theirs - 1) <= RATIO_BAR:
        return REPRODUCED
    return DIRECTION if (ours > 1) == (theirs > 1) and ours != 1 else NOT


def gain(ours: float, theirs: float, share: float = 0.5) -> str:
    """Of a gain above zero: reproduced from `share` of the document's on, else by its sign."""
    return REPRODUCED if ours >= share * theirs else DIRECTION if ours > 0 else NOT


def points(ours: float, theirs: float) -> str:
    """Of a loss in points: reproduced within POINTS_BAR, direction only if it is smaller than that or a gain too."""
    if abs(ours - theirs) <= POINTS_BAR:
        return REPRODUCED
    return DIRECTION if ours < theirs or (ours < 0 and theirs < 0) else NOT


def within(ours: float, theirs: float, bar: float) -> str:
    """Reproduced where the two differ by no more than the bar, in their unit."""
    return REPRODUCED if abs(ours - theirs) <= bar else NOT


def counted(held: Sequence[bool]) -> str:
    """Reproduced where all hold, direction only where some do."""
    return REPRODUCED if held and all(held) else DIRECTION if any(held) else NOT


def above_zero(low: float, mean: float) -> str:
    """Of a difference with an interval: reproduced where all of it is above zero, direction only where its mean is."""
    return REPRODUCED if low > 0 else DIRECTION if mean > 0 else NOT


def no_better_than(verdict: str, best: str) -> str:
    """The verdict, or `best` where it says more than that."""
    order = (REPRODUCED, DIRECTION, NOT)
    return best if order.index(verdict) < order.index(best) else verdict
