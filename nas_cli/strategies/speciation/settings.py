"""What a speciated population needs to know, whatever evolves in it."""

from dataclasses import dataclass
from typing import Protocol

from nas_cli.schema import number


@dataclass(frozen=True, kw_only=True)
class SpeciesSettings:
    """`population` members in about `species` species; `distance` is the first compatibility threshold, which then
    follows the number of species. The best `elitism` of a species survive unchanged; a species goes after `stagnation`
    generations without a better member. Parents are the best `survival` share of a species; a crossover takes its
    second parent from another species with probability `interspecies`.
    """

    population: int = number(1)
    species: int = number(1)
    distance: float = number(0, open_low=True)
    elitism: int = number(0)
    stagnation: int = number(1)
    survival: float = number(0, 1, open_low=True)
    interspecies: float = number(0, 1)


class PopulationSettings(Protocol):
    """Those of the species, and the frequencies of the two kinds of offspring, relative to their sum: `mutation`,
    `crossover`."""

    @property
    def population(self) -> int: ...

    @property
    def species(self) -> int: ...

    @property
    def distance(self) -> float: ...

    @property
    def elitism(self) -> int: ...

    @property
    def stagnation(self) -> int: ...

    @property
    def survival(self) -> float: ...

    @property
    def interspecies(self) -> float: ...

    @property
    def mutation(self) -> float: ...

    @property
    def crossover(self) -> float: ...
