"""Random search."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from nas_cli.schema import number
from nas_cli.spaces.contract import Space
from nas_cli.strategies.contract import Admissible, Outcome, Proposal
from nas_cli.strategies.exchange import best_fitness, check_told, no_network


@dataclass(frozen=True)
class RandomSettings:
    """`generations` batches of `population` networks; `attempts` draws to find one that respects the limits."""

    name: str
    generations: int = number(1)
    population: int = number(1)
    attempts: int = number(1)


@final
class RandomSearch:
    """Independent samples of a space; a trial depends on (seed, trial number) only."""

    def __init__(self, settings: RandomSettings, space: Space[Any], seed: int, admissible: Admissible) -> None:
        self._settings = settings
        self._space = space
        self._seed = seed
        self._admissible = admissible
        self._trials = settings.generations * settings.population
        self._told = 0
        self._best: float | None = None

    def ask(self) -> Sequence[Proposal]:
        last = min(self._told + self._settings.population, self._trials)
        return [self._proposal(trial) for trial in range(self._told, last)]

    def tell(self, outcomes: Sequence[Outcome]) -> None:
        last = min(self._told + self._settings.population, self._trials)
        check_told(outcomes, range(self._told, last))
        self._told = last
        self._best = best_fitness([self._best, *(outcome.fitness for outcome in outcomes)])

    def describe(self) -> Mapping[str, Any]:
        return {"trials": self._told, "best_fitness": self._best}

    def _proposal(self, trial: int) -> Proposal:
        rng = np.random.default_rng((self._seed, trial))
        for _ in range(self._settings.attempts):
            genotype = self._space.sample(rng)
            architecture = self._space.architecture(genotype)
            if self._admissible(architecture):
                origin = {"genotype": self._space.encode(genotype)}
                return Proposal(trial, trial // self._settings.population, architecture, origin)
        raise no_network(self._settings.attempts, trial)
