"""The next generation of NEAT: places by shared fitness, champions, offspring."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from nas_cli.spaces.dense_genome import Genome
from nas_cli.strategies.neat.operators import NEATOperators
from nas_cli.strategies.neat.settings import NEATSettings
from nas_cli.strategies.speciation.individual import Individual
from nas_cli.strategies.speciation.reproduction import allocate, by_fitness, parents_of
from nas_cli.strategies.speciation.species import Species, surviving


@dataclass(frozen=True)
class Place:
    """What fills a place of the next generation: the `champion` of a species, unchanged, or offspring of `parents`.

    `others`: the parents of the other species that may take part in an interspecies mating.
    """

    champion: Individual[Genome] | None
    parents: Sequence[Individual[Genome]]
    others: Sequence[Individual[Genome]]


def places(species: Sequence[Species[Genome]], settings: NEATSettings, generation: int, improved: int) -> list[Place]:
    """`population` places, species by species (sections 3.3 and 4.1).

    A species gets places in proportion to the sum of its shared fitness, which is its mean fitness. One that has not
    improved for `stagnation` generations gets none, unless it has the best network; if no species has a better network
    than at generation `improved`, `refocus` ago, only the two with the best networks reproduce. The champion of a
    species with more than `champion` members fills one of its places.
    """
    kept = surviving(species, generation, settings.stagnation)
    if generation - improved > settings.refocus:
        kept = sorted(kept, key=lambda s: (-s.best_fitness(), s.id))[:2]
    leader = max(range(len(kept)), key=lambda i: (kept[i].best_fitness(), -i))
    counts = allocate([s.mean_fitness() for s in kept], settings.population, leader)
    parents = [parents_of(s, settings.survival) for s in kept]
    made: list[Place] = []
    for i, count in enumerate(counts):
        others = [parent for j, group in enumerate(parents) if j != i for parent in group]
        champion = kept[i].ranked()[0] if count and len(kept[i].members) > settings.champion else None
        made += [Place(champion if not n else None, parents[i], others) for n in range(count)]
    return made


@final
class Breeder:
    """Makes genomes for places."""

    def __init__(self, settings: NEATSettings, operators: NEATOperators) -> None:
        self._settings = settings
        self._operators = operators

    def offspring(self, place: Place, rng: np.random.Generator) -> tuple[Genome, tuple[int, ...]]:
        """A genome and the numbers of its parents: with probability `crossover` two, if there are two; then mutated."""
        parents = place.parents
        first = parents[rng.integers(len(parents))]
        mates: Sequence[Individual[Genome]] = [parent for parent in parents if parent.id != first.id]
        chances = rng.random(2)
        if place.others and chances[1] < self._settings.interspecies:
            mates = place.others
        if not mates or chances[0] >= self._settings.crossover:
            return self._operators.mutate(first.genome, rng), (first.id,)
        fitter, other, equal = by_fitness(first, mates[rng.integers(len(mates))])
        child = self._operators.cross(fitter.genome, other.genome, equal, rng)
        return self._operators.mutate(child, rng), (fitter.id, other.id)
