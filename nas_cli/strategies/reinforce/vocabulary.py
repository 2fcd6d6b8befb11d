"""The decisions of a space as steps with a few numbered options each: what a controller writes."""

from collections.abc import Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray

from nas_cli.spaces.candidate import Scalar
from nas_cli.spaces.decision import Categorical, Decision, Numeric, counting
from nas_cli.spaces.decision_space import Values
from nas_cli.strategies.region import value_at


@final
class Vocabulary:
    """One step for each decision; of numeric ones, `bins` options, the middles of intervals of equal probability."""

    def __init__(self, decisions: Sequence[Decision], bins: int) -> None:
        self._decisions = decisions
        self._options = [_options(decision.domain, bins) for decision in decisions]
        self.sizes = tuple(len(options) for options in self._options)
        self.masks = np.arange(max(self.sizes)) < np.asarray(self.sizes)[:, None]
        """(steps, most options): True where a step has the option."""

    def values(self, actions: Sequence[int]) -> Values:
        """The genotype that these options, one per step, stand for."""
        return tuple(options[action] for options, action in zip(self._options, actions, strict=True))

    def active(self, actions: Sequence[int]) -> NDArray[np.bool_]:
        """(steps,): True for the decisions that count (`Decision.when`)."""
        known = counting(self._decisions, self.values(actions))
        return np.asarray([decision.name in known for decision in self._decisions])


def _options(domain: Categorical | Numeric, bins: int) -> list[Scalar]:
    if isinstance(domain, Categorical):
        return list(domain.choices)
    return list(dict.fromkeys(value_at(domain, (i + 0.5) / bins) for i in range(bins)))
