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
    """A genome with its number in the population's history, its parents' numbers, and its last fitness."""

    id: int
    genome: G
    parents: tuple[int, ...] = ()
    fitness: float | None = None


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
