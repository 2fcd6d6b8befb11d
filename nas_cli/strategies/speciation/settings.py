"""What a speciated population needs to know, whatever evolves in it."""

from typing import Protocol


class PopulationSettings(Protocol):
    """`population` members in about `species` species; `distance` is the first compatibility threshold, which then
    follows the number of species. The best `elitism` of a species survive unchanged; a species goes after `stagnation`
    generations without a better member. Parents are the best `survival` share of a species; a crossover takes its
    second parent from another species with probability `interspecies`. `mutation`, `crossover`: frequencies of the two
    kinds of offspring, relative to their sum.
    """

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
