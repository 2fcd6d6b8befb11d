"""From the mixture on the edges of a graph to the graph it is nearest to."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_cli.errors import ConfigError
from nas_cli.oneshot.supernet import groups
from nas_cli.spaces.dag import DagSpace
from nas_cli.spaces.dag_network import NONE
from nas_cli.spaces.decision_space import Values


def derive(space: DagSpace, gamma: NDArray[Any], incoming: int | None = None) -> Values:
    """The genotype of `gamma` (edges, operations).

    With `incoming` None each edge has its largest operation, which may be 'none' (the paper's relaxation section).
    Otherwise each vertex keeps so many edges, those whose largest operation other than 'none' is the largest: one is
    what equation (2) tends to, where all that goes into a vertex shares one simplex; two is DARTS' rule.

    Raises:
        ConfigError: if gamma has another shape, or edges are to be left out where 'none' is no operation.
    """
    wanted = (len(space.edges), len(space.operations))
    if np.shape(gamma) != wanted:
        raise ConfigError(f"gamma must have the shape (edges, operations) = {wanted}, got {np.shape(gamma)}.")
    if incoming is None:
        return tuple(space.operations[k] for k in np.argmax(gamma, axis=1))
    if NONE not in space.operations:
        raise ConfigError("edges can only be left out of a graph where 'none' is among the operations.")
    masked = np.where(np.asarray(space.operations) == NONE, -np.inf, gamma)
    best, strength = np.argmax(masked, axis=1), np.max(masked, axis=1)
    kept = _strongest(space, strength, incoming)
    return tuple(space.operations[k] if edge in kept else NONE for edge, k in enumerate(best))


def _strongest(space: DagSpace, strength: NDArray[Any], incoming: int) -> set[int]:
    """The numbers of the strongest edges into each vertex; of equal ones, the first."""
    kept: set[int] = set()
    for group in groups(space.edges):
        kept |= set(sorted(group, key=lambda edge: (-strength[edge], edge))[:incoming])
    return kept


def one_hot(space: DagSpace, genotype: Values) -> NDArray[np.float32]:
    """The gamma (edges, operations) with which the supernet computes the graph of a genotype."""
    gamma = np.zeros((len(space.edges), len(space.operations)), np.float32)
    for edge, value in enumerate(genotype):
        gamma[edge, space.operations.index(str(value))] = 1.0
    return gamma
