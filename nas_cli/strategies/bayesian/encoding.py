"""Decisions as coordinates of a Gaussian process."""

from collections.abc import Sequence
from typing import final

import numpy as np
import numpy.typing as npt

from nas_cli.spaces.candidate import Scalar
from nas_cli.spaces.decision import Categorical, Decision, counts
from nas_cli.spaces.decision_space import Values

Array = npt.NDArray[np.float64]

APART = 2**-0.5
"""A one-hot coordinate: two different choices are then 1 apart, as far as the two ends of a range."""


@final
class Encoding:
    """The place in [0, 1] of numbers and ordered choices, one coordinate for each choice of the others.

    A decision that does not count has the same coordinates everywhere, the middle: it brings no two candidates nearer
    to each other or further apart.
    """

    def __init__(self, decisions: Sequence[Decision]) -> None:
        self._decisions = decisions
        self._middle = [_middle(decision) for decision in decisions]
        self._known: list[dict[tuple[bool, Scalar], list[float]]] = [{} for _ in decisions]

    def __call__(self, candidates: Sequence[Values]) -> Array:
        """Shape (candidates, coordinates)."""
        return np.array([self._row(values) for values in candidates])

    def _row(self, values: Values) -> list[float]:
        chosen: dict[str, Scalar] = {}
        row: list[float] = []
        for decision, value, known, middle in zip(self._decisions, values, self._known, self._middle, strict=True):
            if not counts(decision, chosen):
                row += middle
                continue
            chosen[decision.name] = value
            if not isinstance(decision.domain, Categorical):
                row.append(decision.domain.unit(value))
                continue
            key = (isinstance(value, bool), value)
            if key not in known:
                known[key] = _choice(decision.domain, value)
            row += known[key]
        return row


def _choice(domain: Categorical, value: Scalar) -> list[float]:
    at = domain.index(value)
    return [domain.unit(value)] if domain.ordered else [APART * (choice == at) for choice in range(len(domain.choices))]


def _middle(decision: Decision) -> list[float]:
    domain = decision.domain
    if not isinstance(domain, Categorical) or domain.ordered:
        return [0.5]
    return [APART / len(domain.choices)] * len(domain.choices)
