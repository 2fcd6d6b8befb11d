"""Random search."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from nas_cli.schema import number
from nas_cli.spaces.contract import Space
from nas_cli.strategies.admission import Admission
from nas_cli.strategies.contract import Admissible, Outcome, Proposal
from nas_cli.strategies.exchange import check_told, decisions_of, finite
from nas_cli.strategies.region import Region, rounds_of


@dataclass(frozen=True)
class RegionSettings:
    """`rounds` of random search that share the trials equally: the first in the whole space, each later one in a region
    `shrink` times as wide around the best point so far. One round is plain random search.
    """

    rounds: int = number(1)
    shrink: float = number(0, 1, open_low=True)


@dataclass(frozen=True)
class RandomSettings:
    """`generations` batches of `population` networks; `attempts` draws to find one that respects the limits;
    `regions`: repeats in selected regions.
    """

    name: str
    regions: RegionSettings
    generations: int = number(1)
    population: int = number(1)
    attempts: int = number(1)


@final
class RandomSearch:
    """Independent samples of a space; in the first round a trial depends on (seed, trial number) only."""

    def __init__(self, settings: RandomSettings, space: Space[Any], seed: int, admissible: Admissible) -> None:
        self._settings = settings
        self._space = space
        self._seed = seed
        self._admission = Admission(space, admissible, settings.attempts, settings.population)
        self._ends = rounds_of(settings.generations * settings.population, settings.regions.rounds)
        several = settings.regions.rounds > 1
        self._region = Region.whole(decisions_of(space, "random with strategy.regions.rounds > 1")) if several else None
        self._round = 0
        self._told = 0
        self._best: tuple[float, Any] | None = None
        self._batch: list[tuple[Any, Proposal]] | None = None

    def ask(self, wanted: int | None = None) -> Sequence[Proposal]:
        return [proposal for _, proposal in self._next(wanted)]

    def tell(self, outcomes: Sequence[Outcome]) -> None:
        batch = self._next()
        check_told(outcomes, [proposal.trial for _, proposal in batch])
        for (genotype, _), outcome in zip(batch, outcomes, strict=True):
            fitness = finite(outcome.fitness)
            if fitness is not None and (self._best is None or fitness > self._best[0]):
                self._best = fitness, genotype
        self._told += len(batch)
        self._batch = None
        if self._told == self._ends[self._round] and self._round + 1 < len(self._ends):
            self._narrow()

    def describe(self) -> Mapping[str, Any]:
        state = {"trials": self._told, "best_fitness": None if self._best is None else self._best[0]}
        return state if self._region is None else {**state, "round": self._round}

    def _narrow(self) -> None:
        """Goes on to the next round that has trials."""
        while self._told == self._ends[self._round] and self._round + 1 < len(self._ends):
            self._round += 1
        if self._region is not None and self._best is not None:
            self._region = self._region.around(self._best[1], self._settings.regions.shrink)

    def _next(self, wanted: int | None = None) -> list[tuple[Any, Proposal]]:
        if self._batch is None:
            last = min(self._told + (wanted or self._settings.population), self._ends[self._round])
            self._batch = [self._draw(trial) for trial in range(self._told, last)]
        return self._batch

    def _draw(self, trial: int) -> tuple[Any, Proposal]:
        rng = np.random.default_rng((self._seed, trial))
        region = self._region if self._round else None
        sample = self._space.sample if region is None else region.sample
        genotype, candidate = self._admission.draw(trial, lambda: sample(rng))
        return genotype, self._admission.proposal(trial, genotype, candidate)
