"""The next generation of a speciated population: places per species, elites, parents, offspring."""

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from nas_cli.strategies.speciation.individual import Individual, Operators
from nas_cli.strategies.speciation.settings import PopulationSettings
from nas_cli.strategies.speciation.species import Species

G = TypeVar("G")
BIRTHS = 10
"""Most offspring made to fill one place with a viable one."""


def allocate(fitness: Sequence[float], places: int, leader: int) -> list[int]:
    """Places per species in proportion to its mean fitness, summing to `places` (largest remainders).

    Mean fitness is NEAT's sum of shared fitness over the members. Rules: where a mean is negative (regression), all are
    counted from the lowest; all zero means equal shares; the species `leader` gets at least one place, from the
    largest other one, so that the best genome is not lost.
    """
    floor = min(0.0, *fitness)
    weights = [value - floor for value in fitness]
    total = sum(weights)
    shares = [places * (weight / total if total > 0 else 1 / len(weights)) for weight in weights]
    counts = [math.floor(share) for share in shares]
    rest = sorted(range(len(shares)), key=lambda i: (-(shares[i] - counts[i]), i))
    for i in rest[: places - sum(counts)]:
        counts[i] += 1
    if counts[leader] == 0:
        counts[max(range(len(counts)), key=lambda i: (counts[i], -i))] -= 1
        counts[leader] = 1
    return counts


def parents_of(species: Species[G], survival: float) -> list[Individual[G]]:
    """The best `survival` share of the members, rounded up; two at least where there are two."""
    ranked = species.ranked()
    return ranked[: max(math.ceil(survival * len(ranked)), min(2, len(ranked)))]


def by_fitness(first: Individual[G], second: Individual[G]) -> tuple[Individual[G], Individual[G], bool]:
    """(fitter, other, equally fit) of two different individuals; the older one first where they are equal."""
    if first.id == second.id:
        raise ValueError(f"individual {first.id} cannot be crossed with itself")
    one, two = sorted((first, second), key=lambda parent: (-parent.standing(), parent.id))
    return one, two, one.standing() == two.standing()


def breed_viable(
    breed_one: Callable[[], tuple[G, tuple[int, ...]]], viable: Callable[[G], bool]
) -> tuple[G, tuple[int, ...]]:
    """The first of at most BIRTHS offspring that is viable, or the last one.

    Additions outnumber removals among the operators, so without this a population outgrows the limits on cost within a
    few generations, until hardly any network that can be assembled from it is admissible.
    """
    for _ in range(BIRTHS - 1):
        born = breed_one()
        if viable(born[0]):
            return born
    return breed_one()


def breed(
    species: Species[G],
    others: Sequence[Individual[G]],
    settings: PopulationSettings,
    operators: Operators[G],
    rng: np.random.Generator,
) -> tuple[G, tuple[int, ...]]:
    """A new genome and its parents' numbers: a crossover of two different parents, or else a mutation of one.

    `others` are the parents in other species. A crossover equal to a parent is mutated.
    """
    parents = parents_of(species, settings.survival)
    first = parents[rng.integers(len(parents))]
    crossover = rng.random() < settings.crossover / (settings.mutation + settings.crossover)
    mates = [parent for parent in parents if parent.id != first.id]
    if others and rng.random() < settings.interspecies:
        mates = list(others)
    if not crossover or not mates:
        return operators.mutate(first.genome, rng), (first.id,)
    fitter, other, equal = by_fitness(first, mates[rng.integers(len(mates))])
    child = operators.cross(fitter.genome, other.genome, equal, rng)
    if child in (fitter.genome, other.genome):
        child = operators.mutate(child, rng)
    return child, (fitter.id, other.id)
