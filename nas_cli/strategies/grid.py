"""Grid search, with rounds that refine the grid near the best."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, final

import numpy as np

from nas_cli.schema import number
from nas_cli.spaces.candidate import Candidate, Scalar
from nas_cli.spaces.contract import Space
from nas_cli.spaces.decision_space import Values
from nas_cli.strategies.admission import Admission
from nas_cli.strategies.contract import Admissible, Outcome, Proposal
from nas_cli.strategies.exchange import check_told, decisions_of, finite, no_network
from nas_cli.strategies.region import Region, rounds_of


@dataclass(frozen=True)
class GridSettings:
    """At most `generations` × `population` trials, fewer where the grid has fewer points.

    `points`: values of a numeric decision, at equal shares of its distribution's probability. `cover`: the share of
    each numeric range, around its middle, that the first grid spans. `rounds`: grids in turn, which share the trials
    equally; each later one is `shrink` times as wide around the best point so far, or moves beyond an edge on which the
    best lies. `attempts`: points over the limits, one after the other, after which a round ends.
    """

    name: str
    generations: int = number(1)
    population: int = number(1)
    points: int = number(1)
    cover: float = number(0, 1, open_low=True)
    rounds: int = number(1)
    shrink: float = number(0, 1, open_low=True)
    attempts: int = number(1)


def grid_order(lengths: Sequence[int], wanted: int, rng: np.random.Generator) -> Iterator[tuple[int, ...]]:
    """The points of a grid with axes of these lengths, each once, as positions on the axes.

    Up to `wanted` points come in order, the last axis changing fastest. Of a larger grid they come in a random order in
    which the first ones are spread evenly: each axis runs through all of its values before it repeats one, in another
    order every time (a Latin hypercube sample, McKay et al. 1979, that goes on); points that come again are left out.
    """
    return product(*map(range, lengths)) if prod(lengths) <= wanted else _spread(lengths, rng)


def _spread(lengths: Sequence[int], rng: np.random.Generator) -> Iterator[tuple[int, ...]]:
    size, came = prod(lengths), set[tuple[int, ...]]()
    left: list[list[int]] = [[] for _ in lengths]
    while len(came) < size:
        for axis, length in enumerate(lengths):
            left[axis] = left[axis] or rng.permutation(length).tolist()
        point = tuple(values.pop() for values in left)
        if point not in came:
            came.add(point)
            yield point


@final
class Grid:
    """Every combination of values, or an evenly spread part of them; then finer grids near the best.

    The seed only decides which part of a grid with too many points is taken. A candidate is evaluated once, in whatever
    rounds it lies; those over the limits are left out. Unordered choices are those of the best point in later rounds;
    where there is nothing else to refine, later rounds take further points of the same grid.
    """

    def __init__(self, settings: GridSettings, space: Space[Any], seed: int, admissible: Admissible) -> None:
        self._settings = settings
        self._seed = seed
        self._admission = Admission(space, admissible, settings.attempts, settings.population)
        decisions = decisions_of(space, "grid")
        self._ends = rounds_of(settings.generations * settings.population, settings.rounds)
        self._region = Region.whole(decisions, settings.cover)
        self._seen: set[Candidate] = set()
        self._round = 0
        self._told = 0
        self._best: tuple[float, Values] | None = None
        self._batch: list[tuple[Values, Proposal]] | None = None
        self._begin()

    def ask(self, wanted: int | None = None) -> Sequence[Proposal]:
        return [proposal for _, proposal in self._next(wanted or self._settings.population)]

    def tell(self, outcomes: Sequence[Outcome]) -> None:
        batch = self._next(self._settings.population)
        check_told(outcomes, [proposal.trial for _, proposal in batch])
        for (genotype, _), outcome in zip(batch, outcomes, strict=True):
            fitness = finite(outcome.fitness)
            if fitness is not None and (self._best is None or fitness > self._best[0]):
                self._best = fitness, genotype
        self._told += len(batch)
        self._batch = None

    def describe(self) -> Mapping[str, Any]:
        """Trials told, the best fitness; the round, and the values of each decision on its grid."""
        names = [decision.name for decision in self._region.decisions]
        return {
            "trials": self._told,
            "best_fitness": None if self._best is None else self._best[0],
            "round": self._round,
            "grid": dict(zip(names, self._axes, strict=True)),
        }

    def _begin(self) -> None:
        """Puts the grid of the round in order."""
        region = self._region
        self._axes: list[list[Scalar]] = [region.axis(at, self._settings.points) for at in range(len(region.decisions))]
        wanted, rng = self._ends[self._round] - self._told, np.random.default_rng((self._seed, self._round))
        self._order = grid_order([len(axis) for axis in self._axes], wanted, rng)

    def _next(self, wanted: int) -> list[tuple[Values, Proposal]]:
        """The next points; those of a later round as soon as a round has no more."""
        if self._batch is None:
            self._batch = self._points(wanted)
            while not self._batch and self._round + 1 < self._settings.rounds:
                self._round += 1
                if self._best is not None:
                    self._region = self._region.around(self._best[1], self._settings.shrink)
                self._begin()
                self._batch = self._points(wanted)
        return self._batch

    def _points(self, wanted: int) -> list[tuple[Values, Proposal]]:
        size = min(wanted, self._ends[self._round] - self._told)
        found: list[tuple[Values, Proposal]] = []
        over = 0
        while len(found) < size and over < self._settings.attempts and (places := next(self._order, None)) is not None:
            genotype = tuple(axis[place] for axis, place in zip(self._axes, places, strict=True))
            candidate = self._admission.candidate(genotype)
            over = over + 1 if candidate is None else 0
            if candidate is not None and candidate not in self._seen:
                self._seen.add(candidate)
                trial = self._told + len(found)
                found.append((genotype, self._admission.proposal(trial, genotype, candidate)))
        if over and not self._seen:
            raise no_network(over, self._told)
        return found
