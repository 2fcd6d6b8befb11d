"""A member of an evolving population, and what can be done with its genome."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

G = TypeVar("G")
Viable = Callable[[G, np.random.Generator], bool]
"""True if a genome can be part of a network within the limits, as far as a few random draws tell."""


@dataclass(frozen=True)
class Individual(Generic[G]):
    """A genome with its number in the population's history, its parents' numbers, and its last fitness.

    `fitness` is measured, None if no network that contained the individual has been evaluated; `imputed` is the fitness
    that it is taken to have meanwhile.
    """

    id: int
    genome: G
    parents: tuple[int, ...] = ()
    fitness: float | None = None
    imputed: float | None = None

    def standing(self) -> float:
        """The fitness by which the individual is ranked: the measured one, else the imputed one."""
        fitness = self.imputed if self.fitness is None else self.fitness
        if fitness is None:
            raise ValueError(f"individual {self.id} has no fitness yet")
        return fitness


class Operators(Protocol[G]):
    """How genomes of one kind differ and change."""

    def distance(self, first: G, second: G) -> float:
        """How different two genomes are; 0 for equal ones, symmetric."""
        ...

    def mutate(self, genome: G, rng: np.random.Generator) -> G:
        """A changed genome; equal to `genome` only if nothing about it can change."""
        ...

    def cross(self, fitter: G, other: G, equal: bool, rng: np.random.Generator) -> G:
        """A child of two genomes; `equal` if they are equally fit."""
        ...
