"""What the models of Bayesian optimisation offer."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from nas_cli.spaces.candidate import Scalar
from nas_cli.spaces.decision import Decision

Values = tuple[Scalar, ...]
"""A value for each decision of a space, in order."""


class Surrogate(Protocol):
    """A model of fitness as a function of decisions; everything random comes from the generators passed in."""

    def observe(self, observed: Sequence[tuple[Values, float | None]]) -> None:
        """Takes outcomes, None for a failed trial; candidates expected before are forgotten."""
        ...

    def expect(self, values: Values) -> None:
        """Notes a candidate whose outcome is not yet known, so that the next one of the batch differs."""
        ...

    def suggest(self, rng: np.random.Generator) -> Iterator[Values]:
        """The most promising candidate first, then others, for a caller that cannot use it."""
        ...


def resting(decision: Decision) -> Scalar:
    """The value of a decision that does not count: the middle of its domain, always the same."""
    return decision.domain.from_unit(0.5)


def counts(decision: Decision, chosen: dict[str, Scalar]) -> bool:
    """True if a decision counts, given the earlier ones that do (their values by name)."""
    return decision.when is None or (decision.when[0] in chosen and chosen[decision.when[0]] in decision.when[1])


def counting(decisions: Sequence[Decision], values: Values) -> dict[str, Scalar]:
    """The values of the decisions that count, by name: equal for genotypes that mean the same."""
    chosen: dict[str, Scalar] = {}
    for decision, value in zip(decisions, values, strict=True):
        if counts(decision, chosen):
            chosen[decision.name] = value
    return chosen
