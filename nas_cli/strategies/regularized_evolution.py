"""Regularized (aging) evolution."""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, final

import numpy as np

from nas_cli.schema import number
from nas_cli.spaces.contract import Space
from nas_cli.strategies.admission import Admission
from nas_cli.strategies.contract import Admissible, Outcome, Proposal
from nas_cli.strategies.exchange import best_fitness, check_told, finite


@dataclass(frozen=True)
class RegularizedEvolutionSettings:
    """`generations` × `population` trials, the first `population` of them random.

    `sample`: members drawn for a tournament. `batch`: children bred at once from the same population; 1 is the
    published form. `crossover`: probability that the winner of a second tournament takes part in a child. `attempts`:
    mutations, and then samples, tried to find a child that respects the limits.
    """

    name: str
    generations: int = number(1)
    population: int = number(1)
    sample: int = number(1)
    batch: int = number(1)
    crossover: float = number(0, 1)
    attempts: int = number(1)


class Member(NamedTuple):
    """An evaluated genotype; a failed one has fitness -inf."""

    trial: int
    genotype: Any
    fitness: float


@final
class RegularizedEvolution:
    """Tournament selection, one mutation per child, and the oldest member dies (Real et al. 2019, arXiv:1802.01548,
    Algorithm 1).

    As published, a tournament draws `sample` members with replacement and its best is mutated. Beyond it: children in
    batches, and crossover, both off by default; where no mutation respects the limits, a child is a random sample. A
    failed trial enters the population as its worst member and ages like the others.
    """

    def __init__(
        self, settings: RegularizedEvolutionSettings, space: Space[Any], seed: int, admissible: Admissible
    ) -> None:
        self._settings = settings
        self._space = space
        self._seed = seed
        self._admission = Admission(space, admissible, settings.attempts, settings.population)
        self._trials = settings.generations * settings.population
        self._members: deque[Member] = deque(maxlen=settings.population)
        self._told = 0
        self._best: float | None = None
        self._batch: list[tuple[Any, Proposal]] | None = None

    def ask(self, wanted: int | None = None) -> Sequence[Proposal]:
        return [proposal for _, proposal in self._children(wanted)]

    def tell(self, outcomes: Sequence[Outcome]) -> None:
        batch = self._children()
        check_told(outcomes, [proposal.trial for _, proposal in batch])
        for (genotype, proposal), outcome in zip(batch, outcomes, strict=True):
            fitness = finite(outcome.fitness)
            self._members.append(Member(proposal.trial, genotype, -math.inf if fitness is None else fitness))
            self._best = best_fitness([self._best, fitness])
        self._told += len(batch)
        self._batch = None

    def describe(self) -> Mapping[str, Any]:
        """Trials told, the best fitness, and of the living population its mean fitness and the trial of its oldest."""
        alive = [member.fitness for member in self._members if member.fitness > -math.inf]
        return {
            "trials": self._told,
            "best_fitness": self._best,
            "population": len(self._members),
            "mean_fitness": sum(alive) / len(alive) if alive else None,
            "oldest": self._members[0].trial if self._members else None,
        }

    def _children(self, wanted: int | None = None) -> list[tuple[Any, Proposal]]:
        if self._batch is None:
            founders = self._settings.population - self._told
            size = min(wanted or founders, founders) if founders > 0 else wanted or self._settings.batch
            trials = range(self._told, min(self._told + size, self._trials))
            self._batch = [self._founder(trial) if founders > 0 else self._child(trial) for trial in trials]
        return self._batch

    def _founder(self, trial: int) -> tuple[Any, Proposal]:
        rng = np.random.default_rng((self._seed, trial))
        genotype, candidate = self._admission.draw(trial, lambda: self._space.sample(rng))
        return genotype, self._admission.proposal(trial, genotype, candidate, [])

    def _child(self, trial: int) -> tuple[Any, Proposal]:
        rng = np.random.default_rng((self._seed, trial))
        parents: list[int] = []

        def breed() -> Any:
            chosen = [self._winner(rng)]
            genotype = chosen[0].genotype
            if self._settings.crossover and rng.random() < self._settings.crossover:
                chosen = sorted([chosen[0], self._winner(rng)], key=lambda member: -member.fitness)
                genotype = self._space.cross(chosen[0].genotype, chosen[1].genotype, rng)
            parents[:] = dict.fromkeys(member.trial for member in chosen)
            return self._space.mutate(genotype, rng)

        def immigrant() -> Any:
            parents.clear()
            return self._space.sample(rng)

        genotype, candidate = self._admission.draw(trial, breed, immigrant)
        return genotype, self._admission.proposal(trial, genotype, candidate, parents)

    def _winner(self, rng: np.random.Generator) -> Member:
        drawn = rng.integers(len(self._members), size=self._settings.sample).tolist()
        return max((self._members[at] for at in drawn), key=lambda member: member.fitness)
