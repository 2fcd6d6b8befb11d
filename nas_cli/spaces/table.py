"""The space of a table: the architectures that it has a row for, whose scores are looked up and not trained."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from nas_cli.errors import ConfigError
from nas_cli.schema import number
from nas_cli.spaces.decision import Categorical
from nas_cli.spaces.decision_space import DecisionSpace, Values
from nas_cli.spaces.table_file import Table, open_table

TRIES = 20
"""Random changes tried before the nearest row is looked for."""

LIMITS = {"max_flops": "flops", "max_params": "params", "max_memory_gb": "memory_gb"}
"""Limit → the cost column that it needs."""


@dataclass(frozen=True)
class TableSettings:
    """A CSV file, packed with gzip or not, and the YAML file that says what its columns mean.

    `description`: path of the YAML file. `file`: path of the CSV, None is the one that the description names, relative
    to itself. Limits, None is no limit, need the cost of that name in the description: `max_flops` (flops),
    `max_params` (params), `max_memory_gb` (memory_gb).
    """

    name: str
    description: str | None
    file: str | None
    max_flops: float | None = number(0, open_low=True)
    max_params: float | None = number(0, open_low=True)
    max_memory_gb: float | None = number(0, open_low=True)


@final
class TableSpace(DecisionSpace):
    """Genotypes are the rows of a table; a value for each of its decisions.

    A sample is a row, all being equally likely. A table need not hold every combination of values: changes lead to
    rows that exist only. Mutation draws again, then takes a row that differs in as few decisions as possible; a
    neighbour of an ordered decision is the next value below or above that exists; a child is drawn again, then the row
    nearest to it. A strategy that puts values together itself asks `Points.has`.
    """

    def __init__(self, settings: TableSettings, input_shape: tuple[int, ...] = (), classes: int = 0) -> None:
        """Reads the table; a table's scores belong to a data set of their own, so `input_shape` and `classes` are not
        used."""
        if settings.description is None:
            raise ConfigError(
                "space 'table' needs space.description=FILE.yaml, which says what the columns of the CSV file mean "
                "(see the README)."
            )
        self.settings = settings
        self.table: Table = open_table(settings.description, settings.file)
        for limit, cost in LIMITS.items():
            if getattr(settings, limit) is not None and cost not in self.table.description.costs:
                raise ConfigError(
                    f"space.{limit} needs a column for '{cost}': add it under `costs` in {settings.description}."
                )
        super().__init__(self.table.decisions)
        self._complete = len(self.table.rows) == super().size()
        self._codes: NDArray[np.int64] | None = None

    def sample(self, rng: np.random.Generator) -> Values:
        return self.table.rows[int(rng.integers(len(self.table.rows)))]

    def mutate(self, genotype: Values, rng: np.random.Generator) -> Values:
        for _ in range(TRIES):
            changed = super().mutate(genotype, rng)
            if changed in self.table.index and changed != genotype:
                return changed
        near = self._nearest(genotype, without=True)
        return self.table.rows[int(near[int(rng.integers(len(near)))])] if len(near) else genotype

    def cross(self, first: Values, second: Values, rng: np.random.Generator) -> Values:
        for _ in range(TRIES):
            child = super().cross(first, second, rng)
            if child in self.table.index:
                return child
        near = self._nearest(child, without=False)
        return self.table.rows[int(near[int(rng.integers(len(near)))])]

    def neighbours(self, genotype: Values) -> Iterator[Values]:
        if self._complete:
            yield from super().neighbours(genotype)
            return
        found = dict.fromkeys(near for at in range(len(genotype)) for near in self._beside(genotype, at))
        yield from found or (self.table.rows[row] for row in self._nearest(genotype, without=True))

    def decode(self, value: Any) -> Values:
        genotype = super().decode(value)
        if genotype not in self.table.index:
            raise ConfigError(f"the table {self.table.file} has no row for {str(value)[:80]}.")
        return genotype

    def size(self) -> float | None:
        """The number of rows."""
        return float(len(self.table.rows))

    def _beside(self, genotype: Values, at: int) -> Iterator[Values]:
        """The rows that differ in one decision only: all, or of ordered values the next below and above."""
        domain = self.decisions[at].domain
        if not isinstance(domain, Categorical):
            return
        here = domain.index(genotype[at])
        below, above = range(here - 1, -1, -1), range(here + 1, len(domain.choices))
        for way in (below, above) if domain.ordered else ([place] for place in (*sorted(below), *above)):
            rows = ((*genotype[:at], domain.choices[place], *genotype[at + 1 :]) for place in way)
            found = next((row for row in rows if row in self.table.index), None)
            if found is not None:
                yield found

    def _nearest(self, genotype: Values, without: bool) -> NDArray[np.int64]:
        """Rows that differ from a genotype in the fewest decisions; `without` the genotype's own."""
        if self._codes is None:
            self._codes = np.array([self._code(row) for row in self.table.rows], dtype=np.int64)
        different = np.count_nonzero(self._codes != np.array(self._code(genotype)), axis=1)
        if without:
            different = np.where(different == 0, len(genotype) + 1, different)
        least = int(different.min())
        rows: NDArray[np.int64] = np.flatnonzero(different == least)
        return rows[:0] if least > len(genotype) else rows

    def _code(self, genotype: Values) -> list[int]:
        domains = [decision.domain for decision in self.decisions]
        return [d.index(value) for d, value in zip(domains, genotype, strict=True) if isinstance(d, Categorical)]
