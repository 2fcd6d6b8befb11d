"""Speciation: genomes in groups of like ones, a threshold that follows the wanted number of groups, stagnation."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from nas_cli.strategies.speciation.individual import Individual

G = TypeVar("G")
Distance = Callable[[G, G], float]

SHRINK = 0.95
"""Factor of one step of the threshold; a step up is its inverse."""
LIMITS = (0.01, 100.0)
"""Bounds of the threshold; the upper one is far above every distance."""
STEPS = 200
"""Most steps in one generation: enough to cross the whole range, so the threshold is never stuck."""


@dataclass(frozen=True)
class Species(Generic[G]):
    """A group of individuals like its `representative`.

    `best`: highest fitness measured of a member ever; `improved`: generation in which it was reached.
    """

    id: int
    representative: G
    members: tuple[Individual[G], ...]
    best: float | None = None
    improved: int = 0

    def mean_fitness(self) -> float:
        """The mean standing of the members."""
        return sum(member.standing() for member in self.members) / len(self.members)

    def measured(self) -> list[float]:
        """The fitness of the members that have been evaluated."""
        return [member.fitness for member in self.members if member.fitness is not None]

    def best_fitness(self) -> float:
        """The highest fitness measured of a member now; −inf if none has been evaluated."""
        return max(self.measured(), default=-math.inf)

    def ranked(self) -> list[Individual[G]]:
        """Members by falling standing, older ones first among equals."""
        return sorted(self.members, key=lambda member: (-member.standing(), member.id))


def speciate(
    members: Sequence[Individual[G]],
    previous: Sequence[Species[G]],
    distance: Distance[G],
    threshold: float,
    next_id: int,
    generation: int,
) -> list[Species[G]]:
    """The members in species, oldest species first (Stanley & Miikkulainen 2002, section 3.3).

    A member joins the oldest species whose representative is nearer than `threshold`; if there is none it founds a new
    one, numbered from `next_id`. Species of `previous` without members are gone.
    """
    groups: list[tuple[Species[G], list[Individual[G]]]] = [(species, []) for species in previous]
    for member in members:
        home = next((own for s, own in groups if distance(member.genome, s.representative) < threshold), None)
        if home is None:
            groups.append((Species(next_id, member.genome, (), None, generation), [member]))
            next_id += 1
        else:
            home.append(member)
    return [replace(species, members=tuple(own)) for species, own in groups if own]


def speciate_to_target(
    members: Sequence[Individual[G]],
    previous: Sequence[Species[G]],
    distance: Distance[G],
    threshold: float,
    target: int,
    next_id: int,
    generation: int,
) -> tuple[list[Species[G]], float]:
    """The species and the threshold after it has followed the wanted number of species, both ways.

    Too few species shrink the threshold by SHRINK, too many raise it by the inverse, step by step within the
    generation, until the number is right or the side changes; of the last two steps the nearer one counts. (A step per
    generation, as NEAT implementations take it, would not act within the few generations of a small search.)
    """
    known: dict[tuple[G, G], float] = {}

    def cached(first: G, second: G) -> float:
        if (first, second) not in known:
            known[first, second] = distance(first, second)
        return known[first, second]

    def grouped(value: float) -> list[Species[G]]:
        return speciate(members, previous, cached, value, next_id, generation)

    species = grouped(threshold)
    for _ in range(STEPS):
        off = len(species) - target
        stepped = next_threshold(threshold, len(species), target)
        if stepped == threshold:
            break
        other = grouped(stepped)
        new_off = len(other) - target
        if off * new_off < 0 and abs(new_off) > abs(off):
            break
        threshold, species = stepped, other
        if off * new_off < 0:
            break
    return species, threshold


def next_threshold(threshold: float, count: int, target: int) -> float:
    """The threshold one step lower if there are too few species, higher if too many, inside LIMITS."""
    if count == target:
        return threshold
    factor = SHRINK if count < target else 1 / SHRINK
    return min(max(threshold * factor, LIMITS[0]), LIMITS[1])


def recorded(species: Species[G], generation: int) -> Species[G]:
    """The species with its record of fitness brought up to date."""
    now = species.best_fitness()
    if now <= (-math.inf if species.best is None else species.best):
        return species
    return replace(species, best=now, improved=generation)


def surviving(species: Sequence[Species[G]], generation: int, stagnation: int) -> list[Species[G]]:
    """The species without those that have not improved for `stagnation` generations; the best one always stays."""
    leader = max(species, key=lambda s: (s.best_fitness(), -s.id))
    return [s for s in species if s is leader or generation - s.improved < stagnation]
