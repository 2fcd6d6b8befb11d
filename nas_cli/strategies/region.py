"""A part of a space around a point: what random and grid search repeat inside (coarse to fine)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist

import numpy as np

from nas_cli.spaces.candidate import Scalar
from nas_cli.spaces.decision import Categorical, Decision, Numeric
from nas_cli.spaces.decision_space import Values

NORMAL = NormalDist(0.5, 0.25)
"""The normal distribution of a decision over its range [0, 1], to be cut off at its ends."""

NEAR = 1e-9
"""Places closer than this are the same: what rounding leaves of a value that went to its range and back."""


def share(domain: Categorical | Numeric, value: Scalar) -> float:
    """The share of the domain's probability that lies below a value (half of the value's own included), in [0, 1].

    The choices of a Categorical are equal cells here, whatever their weights.
    """
    if isinstance(domain, Categorical):
        return (domain.index(value) + 0.5) / len(domain.choices)
    if domain.distribution != "normal":
        return domain.unit(value)
    below, above = NORMAL.cdf(0.0), NORMAL.cdf(1.0)
    return (NORMAL.cdf(domain.unit(value)) - below) / (above - below)


def value_at(domain: Categorical | Numeric, place: float) -> Scalar:
    """The value with this share of the domain's probability below it."""
    if isinstance(domain, Categorical) or domain.distribution != "normal":
        return domain.from_unit(place)
    below, above = NORMAL.cdf(0.0), NORMAL.cdf(1.0)
    return domain.from_unit(min(1.0, max(0.0, NORMAL.inv_cdf(below + place * (above - below)))))


def spread(domain: Numeric, points: int, low: float = 0.0, high: float = 1.0) -> list[Scalar]:
    """`points` values at equal shares of probability from `low` to `high`, both included, rising and different.

    Fewer of a whole number's range that has fewer; one point is the middle.
    """
    places = [low + (high - low) * i / (points - 1) for i in range(points)] if points > 1 else [(low + high) / 2]
    return list(dict.fromkeys(value_at(domain, place) for place in places))


@dataclass(frozen=True)
class Region:
    """An interval of probability (`share`) for each decision, and the best point, around which they lie.

    An unordered Categorical has no interval: the width of its own (1 at first, then shrunk like the others) is the
    probability with which a sample leaves the best choice for any.
    """

    decisions: tuple[Decision, ...]
    spans: tuple[tuple[float, float], ...]
    best: Values | None = None

    @classmethod
    def whole(cls, decisions: Sequence[Decision], cover: float = 1.0) -> "Region":
        """The inner part of every numeric range that holds `cover` of its probability; all choices."""
        inner = ((1 - cover) / 2, (1 + cover) / 2)
        spans = (inner if isinstance(decision.domain, Numeric) else (0.0, 1.0) for decision in decisions)
        return cls(tuple(decisions), tuple(spans))

    def around(self, best: Values, shrink: float) -> "Region":
        """The next region: `shrink` times as wide around the best, pushed back into the range where it leaves it.

        Where the best lies on an edge of this region, but not of the range, the interval keeps its width, so that half
        of it lies beyond the edge.
        """
        spans = []
        for decision, (low, high), value in zip(self.decisions, self.spans, best, strict=True):
            centre = share(decision.domain, value)
            width = (high - low) * (1.0 if _on_inner_edge(decision.domain, low, high, value) else shrink)
            left = min(max(0.0, centre - width / 2), 1.0 - width)
            spans.append((left, left + width))
        return Region(self.decisions, tuple(spans), best)

    def sample(self, rng: np.random.Generator) -> Values:
        """A random genotype: numbers and ordered choices uniform in the probability of their interval."""
        return tuple(self._drawn(at, rng) for at in range(len(self.decisions)))

    def axis(self, at: int, points: int) -> list[Scalar]:
        """The values of decision number `at` on a grid in this region, in the domain's order.

        Of a number, `points` over the interval; the ordered choices whose cell it touches; all unordered ones, or the
        best alone in a region around it that is `focused`.
        """
        domain, (low, high) = self.decisions[at].domain, self.spans[at]
        if isinstance(domain, Numeric):
            return spread(domain, points, low, high)
        if not domain.ordered:
            return list(domain.choices) if self.best is None or not self.focused else [self.best[at]]
        first, last = (domain.index(domain.from_unit(end)) for end in (low, high))
        return list(domain.choices[first : last + 1])

    @cached_property
    def focused(self) -> bool:
        """True if some decision has an interval to shrink."""
        return any(isinstance(d.domain, Numeric) or d.domain.ordered for d in self.decisions)

    def _drawn(self, at: int, rng: np.random.Generator) -> Scalar:
        domain, (low, high) = self.decisions[at].domain, self.spans[at]
        if isinstance(domain, Numeric) or domain.ordered:
            return value_at(domain, low + (high - low) * float(rng.random()))
        if self.best is not None and rng.random() >= high - low:
            return self.best[at]
        return domain.sample(rng)


def _on_inner_edge(domain: Categorical | Numeric, low: float, high: float, value: Scalar) -> bool:
    """True if a value lies on an end of the interval beyond which the range goes on."""
    if isinstance(domain, Categorical) and not domain.ordered:
        return False
    if value in (value_at(domain, 0.0), value_at(domain, 1.0)):
        return False
    centre = share(domain, value)
    return any(abs(centre - end) < NEAR or value_at(domain, end) == value for end in (low, high))


def rounds_of(trials: int, rounds: int) -> list[int]:
    """The trial after the last of each round, the rounds as equal as whole numbers allow, the first ones longer."""
    return [-(-trials * (i + 1) // rounds) for i in range(rounds)]
