"""What the models of Bayesian optimisation offer."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from nas_cli.spaces.candidate import Scalar
from nas_cli.spaces.decision import Decision
from nas_cli.spaces.decision_space import Values


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
