"""Local search: hill climbing with restarts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, final

import numpy as np

from nas_cli.schema import number
from nas_cli.spaces.candidate import Candidate
from nas_cli.spaces.contract import Space
from nas_cli.strategies.admission import Admission
from nas_cli.strategies.contract import Admissible, Outcome, Proposal
from nas_cli.strategies.exchange import best_fitness, check_told, finite

ORDER = 1
"""Marks the random stream that orders the neighbours found after a trial; (seed, trial) is that of a start."""


@dataclass(frozen=True)
class LocalSearchSettings:
    """`generations` × `population` trials in as many climbs as they last for.

    `starts`: random points at the foot of a climb, which goes on from the best; 1 is the published form. `batch`:
    neighbours evaluated before the best of them may become the next point; None is all of them (steepest ascent), 1 the
    first that is better. `attempts`: draws to find a start that respects the limits.
    """

    name: str
    generations: int = number(1)
    population: int = number(1)
    starts: int = number(1)
    batch: int | None = number(1)
    attempts: int = number(1)


class Place(NamedTuple):
    """An evaluated genotype."""

    trial: int
    genotype: Any
    fitness: float


@final
class LocalSearch:
    """Moves to a better neighbour until there is none, then starts anew (White et al. 2020, arXiv:2005.02960,
    Algorithm 1).

    All neighbours (`Space.neighbours`) in random order; those over the limits, and candidates that this climb has
    evaluated, are left out. A failed neighbour is no move, a climb whose starts have all failed ends at once.
    Deviation: the climb moves on after the first `batch` with a better neighbour; the published form looks at all of
    them first.
    """

    def __init__(self, settings: LocalSearchSettings, space: Space[Any], seed: int, admissible: Admissible) -> None:
        self._settings = settings
        self._space = space
        self._seed = seed
        self._admission = Admission(space, admissible, settings.attempts, settings.population)
        self._trials = settings.generations * settings.population
        self._told = 0
        self._best: float | None = None
        self._climbs = 0
        self._steps = 0
        self._top: Place | None = None
        self._near: list[Any] = []
        self._seen: set[Candidate] = set()
        self._batch: list[tuple[Any, Proposal]] | None = None

    def ask(self, wanted: int | None = None) -> Sequence[Proposal]:
        return [proposal for _, proposal in self._next(wanted)]

    def tell(self, outcomes: Sequence[Outcome]) -> None:
        batch = self._next()
        check_told(outcomes, [proposal.trial for _, proposal in batch])
        scored = []
        for (genotype, proposal), outcome in zip(batch, outcomes, strict=True):
            fitness = finite(outcome.fitness)
            self._best = best_fitness([self._best, fitness])
            scored.append(Place(proposal.trial, genotype, -math.inf if fitness is None else fitness))
        self._told += len(batch)
        self._batch = None
        if scored:
            self._move(max(scored, key=lambda place: place.fitness))

    def describe(self) -> Mapping[str, Any]:
        """Trials told, the best fitness; climbs begun, moves made in all of them, and the fitness of the present
        point, None between two climbs.
        """
        return {
            "trials": self._told,
            "best_fitness": self._best,
            "climbs": self._climbs,
            "moves": self._steps,
            "here": None if self._top is None else self._top.fitness,
        }

    def _move(self, place: Place) -> None:
        if place.fitness == -math.inf or (self._top is not None and place.fitness <= self._top.fitness):
            return
        self._steps += self._top is not None
        self._top = place
        near = list(self._space.neighbours(place.genotype))
        order = np.random.default_rng((self._seed, place.trial, ORDER)).permutation(len(near))
        self._near = [near[at] for at in order]

    def _next(self, wanted: int | None = None) -> list[tuple[Any, Proposal]]:
        if self._batch is None:
            self._batch = self._neighbours(wanted or self._settings.batch) if self._told < self._trials else []
            if not self._batch and self._told < self._trials:
                self._batch = self._restart()
        return self._batch

    def _neighbours(self, wanted: int | None) -> list[tuple[Any, Proposal]]:
        """The next `wanted` (None: all) neighbours of the present point, taken off the list and marked as seen."""
        left = self._trials - self._told
        size = left if wanted is None else min(wanted, left)
        found: list[tuple[Any, Proposal]] = []
        taken = 0
        while self._top is not None and taken < len(self._near) and len(found) < size:
            genotype = self._near[taken]
            taken += 1
            candidate = self._admission.candidate(genotype)
            if candidate is not None and candidate not in self._seen:
                self._seen.add(candidate)
                trial = self._told + len(found)
                found.append((genotype, self._admission.proposal(trial, genotype, candidate, [self._top.trial])))
        del self._near[:taken]
        return found

    def _restart(self) -> list[tuple[Any, Proposal]]:
        self._top, self._near, self._seen = None, [], set()
        self._climbs += 1
        last = min(self._told + self._settings.starts, self._trials)
        return [self._start(trial) for trial in range(self._told, last)]

    def _start(self, trial: int) -> tuple[Any, Proposal]:
        rng = np.random.default_rng((self._seed, trial))
        genotype, candidate = self._admission.draw(trial, lambda: self._space.sample(rng))
        self._seen.add(candidate)
        return genotype, self._admission.proposal(trial, genotype, candidate, [])
