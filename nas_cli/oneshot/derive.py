"""From mixing weights to the network they point at, and back."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_cli.oneshot.supernet import Edge, groups
from nas_cli.spaces.cell_genotype import CellGenotype, Edges
from nas_cli.spaces.decision_space import Values

Matrix = NDArray[Any]


def derive_cells(gamma: Sequence[Matrix], edges: Sequence[Edge], operations: Sequence[str]) -> CellGenotype:
    """DARTS' cells (Liu et al. 2019, section 2.4) of the normal and of the reduction cell's gamma (edges, operations).

    Each node keeps the two incoming edges whose largest weight but that of 'none' is the largest, with the operation
    that has it. Of equal ones the first in order.
    """
    normal, reduction = (_cell(matrix, edges, operations) for matrix in gamma)
    return CellGenotype(normal, reduction)


def _cell(gamma: Matrix, edges: Sequence[Edge], operations: Sequence[str]) -> Edges:
    masked = np.where(np.asarray(operations) == "none", -np.inf, gamma)
    best, strength = masked.argmax(axis=1), masked.max(axis=1)
    kept: list[tuple[str, int]] = []
    for rows in groups(edges):
        strongest = sorted(sorted(rows, key=lambda row: (-strength[row], row))[:2])
        kept += [(operations[best[row]], edges[row][0]) for row in strongest]
    return tuple(kept)


def derive_edges(gamma: Matrix, operations: Sequence[str], allow_none: bool = True) -> Values:
    """The operation with the largest weight on each edge, of equal ones the first.

    'none' is an operation of NAS-Bench-201 like any other and may be taken, as in its authors' DARTS; without
    `allow_none` the largest of the others is.
    """
    masked = gamma if allow_none else np.where(np.asarray(operations) == "none", -np.inf, gamma)
    return tuple(operations[column] for column in np.asarray(masked).argmax(axis=1))


def one_hot(chosen: Sequence[str], operations: Sequence[str]) -> NDArray[np.float32]:
    """gamma (edges, operations) that is 1 for the chosen operation of each edge."""
    made = np.zeros((len(chosen), len(operations)), np.float32)
    made[np.arange(len(chosen)), [operations.index(name) for name in chosen]] = 1.0
    return made


def one_hot_cell(cell: Edges, edges: Sequence[Edge], operations: Sequence[str]) -> NDArray[np.float32]:
    """gamma (edges, operations) of a cell of DARTS; edges that it has not are 'none'."""
    chosen = ["none"] * len(edges)
    for at, (name, source) in enumerate(cell):
        chosen[edges.index((source, 2 + at // 2))] = name
    return one_hot(chosen, operations)
