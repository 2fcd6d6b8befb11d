"""Which learning rate to try next, and which is the best of those tried."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Scores = Mapping[float, tuple[float, float] | None]
"""By rate: accuracy and loss on the validation split after the last epoch; None for a training that diverged."""


@dataclass(frozen=True)
class Choice:
    """The best rate of those tried; `at_edge`: it is the smallest or the largest, and a better one may lie beyond."""

    rate: float
    at_edge: bool


def next_rate(grid: Sequence[float], widen: int, scores: Scores) -> float | None:
    """The rate to try next; None once enough were tried.

    First those of the grid, from the smallest. While the best is the smallest or the largest rate tried, the next one
    beyond it by the grid's last ratio, up to `widen` of them.
    """
    for rate in sorted(grid):
        if rate not in scores:
            return rate
    found = best_rate(scores)
    if found is None or not found.at_edge or len(scores) - len(grid) >= widen or len(scores) < 2:
        return None
    tried = sorted(scores)
    beyond = found.rate * (tried[0] / tried[1] if found.rate == tried[0] else tried[-1] / tried[-2])
    return float(f"{beyond:.6g}")


def best_rate(scores: Scores) -> Choice | None:
    """The rate with the highest accuracy, of equals that with the lower loss; None if every training diverged."""
    alive = {rate: score for rate, score in scores.items() if score is not None}
    if not alive:
        return None
    best = min(alive, key=lambda rate: (-alive[rate][0], alive[rate][1], rate))
    return Choice(best, best in (min(scores), max(scores)))
