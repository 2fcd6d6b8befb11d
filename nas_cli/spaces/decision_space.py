"""A space as a list of decisions: what every space whose networks are described by a fixed set of choices inherits."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from nas_cli.errors import ConfigError
from nas_cli.spaces.candidate import Candidate, Point, Scalar
from nas_cli.spaces.decision import Decision, counting

Values = tuple[Scalar, ...]
"""The genotype: one value for each decision, in order; one that does not count has the value it last had."""


class DecisionSpace:
    """Implements `Space` but for `architecture`, which by default gives the point itself.

    Decisions that do not count (`Decision.when`) are drawn too, but neither mutate nor have neighbours.
    """

    def __init__(self, decisions: Sequence[Decision]) -> None:
        names = [decision.name for decision in decisions]
        if not names or len(set(names)) != len(names):
            raise ConfigError(f"a space needs decisions with different names, got {names}.")
        self.decisions: tuple[Decision, ...] = tuple(decisions)

    def sample(self, rng: np.random.Generator) -> Values:
        """A value for each decision, drawn from its distribution."""
        return tuple(decision.domain.sample(rng) for decision in self.decisions)

    def mutate(self, genotype: Values, rng: np.random.Generator) -> Values:
        """The genotype with another value for one decision, each of those that count being equally likely."""
        open_ = [at for at in self.active(genotype) if self.decisions[at].domain.size() > 1]
        if not open_:
            return self.sample(rng)
        at = open_[int(rng.integers(len(open_)))]
        return (*genotype[:at], self.decisions[at].domain.mutate(genotype[at], rng), *genotype[at + 1 :])

    def cross(self, first: Values, second: Values, rng: np.random.Generator) -> Values:
        """Each value from either parent with the same probability (uniform crossover)."""
        return tuple(a if rng.random() < 0.5 else b for a, b in zip(first, second, strict=True))

    def neighbours(self, genotype: Values) -> Iterator[Values]:
        """Every genotype in which one decision that counts has a neighbouring value."""
        for at in self.active(genotype):
            for value in self.decisions[at].domain.neighbours(genotype[at]):
                yield (*genotype[:at], value, *genotype[at + 1 :])

    def encode(self, genotype: Values) -> Any:
        """{name: value, …}."""
        return {decision.name: value for decision, value in zip(self.decisions, genotype, strict=True)}

    def decode(self, value: Any) -> Values:
        """The genotype that `encode` wrote; ConfigError for anything else."""
        if not isinstance(value, Mapping) or set(value) != {decision.name for decision in self.decisions}:
            known = ", ".join(decision.name for decision in self.decisions)
            raise ConfigError(f"a genotype here has a value for each of {known}, got {str(value)[:80]}.")
        return tuple(decision.domain.read(value[decision.name]) for decision in self.decisions)

    def point(self, genotype: Values) -> Point:
        """The decisions that count, by name: equal for genotypes that mean the same."""
        return Point(tuple(counting(self.decisions, genotype).items()))

    def architecture(self, genotype: Values) -> Candidate:
        """The candidate of a genotype."""
        return self.point(genotype)

    def size(self) -> float | None:
        """The number of genotypes, infinite with a real decision; those that do not count make it an upper bound."""
        return math.prod(decision.domain.size() for decision in self.decisions)

    def active(self, genotype: Values) -> list[int]:
        """The positions of the decisions that count."""
        known = counting(self.decisions, genotype)
        return [at for at, decision in enumerate(self.decisions) if decision.name in known]
