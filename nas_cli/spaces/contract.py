"""What every search space offers: genotypes to draw and change, and the candidate that each stands for."""

from collections.abc import Iterator
from typing import Any, Protocol, TypeVar

import numpy as np

from nas_cli.spaces.candidate import Candidate

G = TypeVar("G")


class Space(Protocol[G]):
    """A set of networks, each described by an immutable, hashable genotype.

    All randomness comes from the generator that is passed in; no method changes its arguments.
    """

    def sample(self, rng: np.random.Generator) -> G:
        """A random genotype."""
        ...

    def mutate(self, genotype: G, rng: np.random.Generator) -> G:
        """A genotype one random change away from `genotype`, never equal to it."""
        ...

    def cross(self, first: G, second: G, rng: np.random.Generator) -> G:
        """A child of two genotypes; `first` is the fitter one."""
        ...

    def neighbours(self, genotype: G) -> Iterator[G]:
        """Every genotype one smallest step away, in a fixed order and without repetition."""
        ...

    def encode(self, genotype: G) -> Any:
        """The genotype as JSON values."""
        ...

    def decode(self, value: Any) -> G:
        """The genotype that `encode` wrote; ConfigError for anything else."""
        ...

    def architecture(self, genotype: G) -> Candidate:
        """The network of a genotype, or the point that it stands for; every genotype has one."""
        ...

    def size(self) -> float | None:
        """The number of genotypes, or None where it is not known."""
        ...
