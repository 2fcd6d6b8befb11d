"""A space seen as points: what is evaluated is the choice of values, and no network is built."""

from collections.abc import Iterator, Mapping
from typing import Any, final

import numpy as np

from nas_cli.errors import ConfigError
from nas_cli.spaces.candidate import Candidate, Point, Scalar
from nas_cli.spaces.decision import Decision
from nas_cli.spaces.decision_space import DecisionSpace, Values
from nas_cli.spaces.table_file import Table


@final
class Points:
    """Implements `Space` over the genotypes of a space with decisions, with the point of each as its candidate.

    Points of equal meaning are equal. `name` is the space's, `table` the one that its points are looked up in, if any.
    """

    def __init__(self, space: Any, table: Table | None = None) -> None:
        """
        Raises:
            ConfigError: if the space has no decisions.
        """
        self.name = str(getattr(getattr(space, "settings", None), "name", type(space).__name__))
        if not isinstance(space, DecisionSpace):
            raise ConfigError(
                f"space '{self.name}' has no list of decisions, so that its networks are no points of a table: "
                "choose --space table, nasbench201, chain, cell or hyperparameters, or an estimator that trains."
            )
        self.space = space
        self.table = table

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """The space's decisions."""
        return self.space.decisions

    def sample(self, rng: np.random.Generator) -> Values:
        return self.space.sample(rng)

    def mutate(self, genotype: Values, rng: np.random.Generator) -> Values:
        return self.space.mutate(genotype, rng)

    def cross(self, first: Values, second: Values, rng: np.random.Generator) -> Values:
        return self.space.cross(first, second, rng)

    def neighbours(self, genotype: Values) -> Iterator[Values]:
        return self.space.neighbours(genotype)

    def encode(self, genotype: Values) -> Any:
        return self.space.encode(genotype)

    def decode(self, value: Any) -> Values:
        return self.space.decode(value)

    def size(self) -> float | None:
        return self.space.size()

    def active(self, genotype: Values) -> list[int]:
        """The positions of the decisions that count."""
        return self.space.active(genotype)

    def point(self, genotype: Values) -> Point:
        """The decisions that count, by name."""
        return self.space.point(genotype)

    def architecture(self, genotype: Values) -> Point:
        """The point of a genotype."""
        return self.space.point(genotype)

    def has(self, point: Point) -> bool:
        """False only where the table has no row for the point."""
        return self.table is None or self.table.row(dict(point.values)) is not None

    def cost(self, point: Point) -> Mapping[str, Any]:
        """The costs in the point's row of the table: flops, params, …; {} where none are known."""
        row = None if self.table is None else self.table.row(dict(point.values))
        return {} if self.table is None or row is None else self.table.cost(row)

    def network(self, point: Point) -> Candidate:
        """What the space itself makes of a point: the network, where it is one of networks."""
        known = dict(point.values)
        values: list[Scalar] = []
        for decision in self.space.decisions:
            # A decision that does not count may have any value: the network does not depend on it.
            value = known.get(decision.name)
            values.append(decision.domain.from_unit(0.0) if value is None else decision.domain.read(value))
        return self.space.architecture(tuple(values))
