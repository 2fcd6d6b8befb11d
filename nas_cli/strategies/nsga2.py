"""NSGA-II: search for the best trade-offs between several objectives."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, final

import numpy as np

from nas_cli.errors import ConfigError, RunError
from nas_cli.schema import number
from nas_cli.spaces.contract import Space
from nas_cli.strategies.admission import Admission
from nas_cli.strategies.contract import Admissible, Outcome, Proposal
from nas_cli.strategies.exchange import best_fitness, check_told, finite
from nas_cli.strategies.pareto import crowding_distance, hypervolume, non_dominated_sort


@dataclass(frozen=True)
class NSGA2Settings:
    """`generations` of `population` candidates each.

    `objectives`: 'fitness' or names of metrics and costs of a trial, '-' before one that is to be small:
    ['fitness', '-flops']. `reference`: one value per objective, as measured, above which the reported hypervolume
    counts (below which, for one that is to be small); None is the worst of the first generation that has scores.
    `crossover`: probability that a child has two parents. `mutation`: probability that a child then changes; one equal
    to a parent always does. `attempts`: children, and then samples, tried to find one that respects the limits.
    """

    name: str
    objectives: tuple[str, ...]
    generations: int = number(1)
    population: int = number(2)
    reference: tuple[float, ...] | None = number()
    crossover: float = number(0, 1)
    mutation: float = number(0, 1)
    attempts: int = number(1)

    def __post_init__(self) -> None:
        names = [name.removeprefix("-") for name in self.objectives]
        if not names or "" in names or len(set(names)) != len(names):
            raise ConfigError(
                f"strategy.objectives must be different names, at least one, such as [fitness,-flops], "
                f"got {list(self.objectives)}."
            )
        if self.reference is not None and len(self.reference) != len(names):
            raise ConfigError(
                f"strategy.reference must have one value for each of strategy.objectives={list(self.objectives)}, "
                f"got {list(self.reference)}."
            )


class Member(NamedTuple):
    """An evaluated genotype with its objectives, all higher-is-better."""

    trial: int
    genotype: Any
    values: tuple[float, ...]


@final
class NSGA2:
    """Survivors by front and crowding, parents by binary tournaments (Deb et al. 2002, section III).

    The children of a generation and their parents' generation compete for `population` places: fronts from the best on,
    of the last one that has room the least crowded. Failed trials do not compete. Deviations: crossover and mutation
    are those of the space; where no child respects the limits, it is a random sample.
    """

    def __init__(self, settings: NSGA2Settings, space: Space[Any], seed: int, admissible: Admissible) -> None:
        self._settings = settings
        self._space = space
        self._seed = seed
        self._admission = Admission(space, admissible, settings.attempts, settings.population)
        self._generation = 0
        self._members: list[Member] = []
        self._ranks: list[tuple[int, float]] = []
        self._best: float | None = None
        self._reference = None if settings.reference is None else self._signed(settings.reference)
        self._batch: list[tuple[Any, Proposal]] | None = None

    def ask(self, wanted: int | None = None) -> Sequence[Proposal]:
        return [proposal for _, proposal in self._children()]

    def tell(self, outcomes: Sequence[Outcome]) -> None:
        batch = self._children()
        check_told(outcomes, [proposal.trial for _, proposal in batch])
        if not batch:
            return
        scored = []
        for (genotype, proposal), outcome in zip(batch, outcomes, strict=True):
            values = self._values(outcome)
            if values is not None:
                scored.append(Member(proposal.trial, genotype, values))
        self._best = best_fitness([self._best, *(outcome.fitness for outcome in outcomes)])
        if self._reference is None and scored:
            self._reference = tuple(map(min, zip(*(member.values for member in scored), strict=True)))
        self._select([*self._members, *scored])
        self._generation += 1
        self._batch = None

    def examine(self, outcome: Outcome) -> None:
        self._values(outcome)

    def describe(self) -> Mapping[str, Any]:
        """Trials told and the best fitness; the front of the population (trial and objectives as measured), the
        reference, and the hypervolume above it, in the product of the objectives' units.
        """
        first = [member for member, (rank, _) in zip(self._members, self._ranks, strict=True) if rank == 0]
        named = [dict(zip(self._names(), self._signed(member.values), strict=True)) for member in first]
        reference = self._reference
        return {
            "trials": self._generation * self._settings.population,
            "best_fitness": self._best,
            "front": [{"trial": member.trial, **values} for member, values in zip(first, named, strict=True)],
            "reference": None if reference is None else list(self._signed(reference)),
            "hypervolume": None if reference is None else hypervolume([m.values for m in first], reference),
        }

    def _names(self) -> list[str]:
        return [name.removeprefix("-") for name in self._settings.objectives]

    def _signed(self, values: Sequence[float]) -> tuple[float, ...]:
        """Measured values as higher-is-better ones, and back."""
        signs = [-1.0 if name.startswith("-") else 1.0 for name in self._settings.objectives]
        return tuple(sign * value for sign, value in zip(signs, values, strict=True))

    def _values(self, outcome: Outcome) -> tuple[float, ...] | None:
        """The objectives, or None for a failed trial and where one of them is not finite.

        Raises:
            RunError: if a trial that did not fail lacks one.
        """
        if finite(outcome.fitness) is None:
            return None
        known = {**outcome.metrics, "fitness": outcome.fitness}
        for name in self._names():
            if known.get(name) is None:
                there = ", ".join(sorted(key for key, value in known.items() if value is not None))
                raise RunError(
                    f"trial {outcome.trial} has no '{name}', which strategy.objectives="
                    f"[{','.join(self._settings.objectives)}] needs; it has {there}."
                )
        values = self._signed([float(known[name] or 0.0) for name in self._names()])
        return values if all(map(math.isfinite, values)) else None

    def _select(self, members: Sequence[Member]) -> None:
        self._members, self._ranks = [], []
        for rank, numbers in enumerate(non_dominated_sort([member.values for member in members])):
            room = self._settings.population - len(self._members)
            if room <= 0:
                break
            crowding = crowding_distance([members[at].values for at in numbers])
            order = sorted(range(len(numbers)), key=lambda at: -crowding[at])
            for at in sorted(order[:room]):
                self._members.append(members[numbers[at]])
                self._ranks.append((rank, -float(crowding[at])))

    def _children(self) -> list[tuple[Any, Proposal]]:
        if self._batch is None:
            first = self._generation * self._settings.population
            over = self._generation >= self._settings.generations
            self._batch = [] if over else [self._child(first + i) for i in range(self._settings.population)]
        return self._batch

    def _child(self, trial: int) -> tuple[Any, Proposal]:
        rng = np.random.default_rng((self._seed, trial))
        parents: list[int] = []

        def breed() -> Any:
            first, second = self._winner(rng), self._winner(rng)
            genotype = first.genotype
            parents[:] = [first.trial]
            if rng.random() < self._settings.crossover:
                genotype = self._space.cross(first.genotype, second.genotype, rng)
                parents[:] = dict.fromkeys([first.trial, second.trial])
            same = genotype in (first.genotype, second.genotype)
            return self._space.mutate(genotype, rng) if same or rng.random() < self._settings.mutation else genotype

        def sample() -> Any:
            parents.clear()
            return self._space.sample(rng)

        genotype, candidate = self._admission.draw(trial, *([breed, sample] if self._members else [sample]))
        return genotype, self._admission.proposal(trial, genotype, candidate, parents)

    def _winner(self, rng: np.random.Generator) -> Member:
        """The better of two members: the lower front, then the less crowded, then the one drawn first."""
        first, second = (int(at) for at in rng.integers(len(self._members), size=2))
        return self._members[first if self._ranks[first] <= self._ranks[second] else second]
