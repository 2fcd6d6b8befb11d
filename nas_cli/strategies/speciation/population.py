"""One speciated population through the generations."""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar, final

import numpy as np

from nas_cli.strategies.speciation.individual import Individual, Operators, Viable
from nas_cli.strategies.speciation.reproduction import allocate, breed, breed_viable, parents_of
from nas_cli.strategies.speciation.settings import PopulationSettings
from nas_cli.strategies.speciation.species import Species, recorded, speciate_to_target, surviving

G = TypeVar("G")


@final
class Population(Generic[G]):
    """Individuals in species, with the counters and the threshold of their history.

    `elites_extra`: elites stay beside the places of a species, which are all filled with offspring; else in them.
    """

    def __init__(self, settings: PopulationSettings, operators: Operators[G], elites_extra: bool = False) -> None:
        self.settings = settings
        self.operators = operators
        self._elites_extra = elites_extra
        self.species: list[Species[G]] = []
        self.threshold = settings.distance
        self._individuals = 0
        self._species = 1

    @property
    def members(self) -> list[Individual[G]]:
        """All individuals, species by species."""
        return [member for species in self.species for member in species.members]

    def found(self, genomes: Sequence[G]) -> None:
        """Take the first generation and put it into species."""
        self._settle([self._born(genome, ()) for genome in genomes], [], 0)

    def restore(self, species: Sequence[Species[G]], threshold: float) -> None:
        """Take a first generation whose species, and the threshold that made them, are given."""
        self.species, self.threshold = list(species), threshold
        self._individuals = 1 + max(member.id for member in self.members)
        self._species = 1 + max(s.id for s in species)

    def evaluate(self, fitness: Mapping[int, float], rejected: Container[int], generation: int) -> None:
        """Record the fitness of individuals that were in networks, and impute that of those never evaluated.

        Rules: an individual that was in no network keeps the fitness it has. One never evaluated is taken to have the
        lowest fitness of this generation if it was `rejected` (only drawn for networks over the limits), else the mean
        of the evaluated members of its species, or, if there are none, of the population.
        """
        self.species = [_measured(s, fitness) for s in self.species]
        everyone = _mean([value for s in self.species for value in s.measured()], 0.0)
        lowest = dict.fromkeys((m.id for m in self.members if m.id in rejected), min(fitness.values(), default=0.0))
        self.species = [recorded(_imputed(s, lowest, everyone), generation) for s in self.species]

    def admit(self, genome: G, generation: int, keep: Container[int]) -> Species[G]:
        """Take in a genome as a species of its own, in the place of the youngest individual outside `keep`.

        One whose species has another member leaves first; else a species goes with its only member. The population
        grows only if all of it is in `keep`, and then until `evolve`.
        """
        leaving = [(len(s.members) > 1, m.id) for s in self.species for m in s.members if m.id not in keep]
        _, gone = max(leaving, default=(False, None))
        left = [replace(s, members=tuple(m for m in s.members if m.id != gone)) for s in self.species]
        self.species = [s for s in left if s.members]
        species = Species(self._species, genome, (self._born(genome, ()),), None, generation)
        self._species += 1
        self.species.append(species)
        return species

    def change(self, how: Callable[[G], G]) -> None:
        """Replace every genome, of members and representatives; numbers and fitness stay."""
        self.species = [
            replace(
                s,
                representative=how(s.representative),
                members=tuple(replace(m, genome=how(m.genome)) for m in s.members),
            )
            for s in self.species
        ]

    def rewrite(self, genomes: Mapping[int, G]) -> None:
        """Replace the genomes of the members with these numbers; numbers, fitness and representatives stay."""
        self.species = [
            replace(s, members=tuple(replace(m, genome=genomes.get(m.id, m.genome)) for m in s.members))
            for s in self.species
        ]

    def evolve(self, generation: int, viable: Viable[G], rng: np.random.Generator) -> None:
        """Replace the individuals by the elites and `viable` offspring of the species that survive."""
        species = surviving(self.species, generation, self.settings.stagnation)
        leader = max(range(len(species)), key=lambda i: (species[i].best_fitness(), -i))
        counts = allocate([s.mean_fitness() for s in species], self.settings.population, leader)
        kept = [s for s, count in zip(species, counts, strict=True) if count]
        members: list[Individual[G]] = []
        for s, count in zip(kept, filter(None, counts), strict=True):
            members += self._next(s, kept, count, viable, rng)
        drawn = [replace(s, representative=s.members[rng.integers(len(s.members))].genome) for s in kept]
        self._settle(members, drawn, generation + 1)

    def describe(self) -> dict[str, Any]:
        """Size, mean and best measured fitness (None: not known) of each species, and the threshold, as JSON."""
        fitness = {str(s.id): s.measured() for s in self.species}
        return {
            "sizes": {str(s.id): len(s.members) for s in self.species},
            "mean_fitness": {key: _mean(values, None) for key, values in fitness.items()},
            "best_fitness": {key: max(values, default=None) for key, values in fitness.items()},
            "threshold": self.threshold,
        }

    def _next(
        self,
        species: Species[G],
        all_species: Sequence[Species[G]],
        count: int,
        viable: Viable[G],
        rng: np.random.Generator,
    ) -> list[Individual[G]]:
        evaluated = [member for member in species.ranked() if member.fitness is not None]
        elites = evaluated[: min(self.settings.elitism, count)]
        survival = self.settings.survival
        others = [parent for s in all_species if s is not species for parent in parents_of(s, survival)]

        def once() -> tuple[G, tuple[int, ...]]:
            return breed(species, others, self.settings, self.operators, rng)

        births = count if self._elites_extra else count - len(elites)
        born = [breed_viable(once, lambda genome: viable(genome, rng)) for _ in range(births)]
        return [*elites, *(self._born(genome, parents) for genome, parents in born)]

    def _born(self, genome: G, parents: tuple[int, ...]) -> Individual[G]:
        self._individuals += 1
        return Individual(self._individuals - 1, genome, parents)

    def _settle(self, members: Sequence[Individual[G]], previous: Sequence[Species[G]], generation: int) -> None:
        target = min(self.settings.species, len(members))
        self.species, self.threshold = speciate_to_target(
            members, previous, self.operators.distance, self.threshold, target, self._species, generation
        )
        self._species = max([self._species, *(s.id + 1 for s in self.species)])


def _measured(species: Species[G], fitness: Mapping[int, float]) -> Species[G]:
    members = [replace(m, fitness=fitness.get(m.id, m.fitness), imputed=None) for m in species.members]
    return replace(species, members=tuple(members))


def _imputed(species: Species[G], lowest: Mapping[int, float], everyone: float) -> Species[G]:
    mean = _mean(species.measured(), everyone)
    members = [replace(m, imputed=lowest.get(m.id, mean)) if m.fitness is None else m for m in species.members]
    return replace(species, members=tuple(members))


def _mean(values: Sequence[float], default: Any) -> Any:
    return sum(values) / len(values) if values else default
