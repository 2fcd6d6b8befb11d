"""Signs of a differentiable search's known failure, the collapse to skip connections."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SKIPS = ("skip_connect", "identity")
"""What passes its input on as it is: in the spaces of cells, in graphs of primitive functions."""

FLOOR = 1e-12


@dataclass(frozen=True)
class Signs:
    """What a search looked like at the end of an epoch, for each kind of cell.

    `skips`: edges of the derived cell that are skip connections. `entropy`: for each edge, that of its operations'
    weights in units of the largest possible: 1 where all are equal, 0 where one has everything. `dominant`: the
    operation with the largest weight of each edge, 'none' included.
    """

    skips: Mapping[str, int]
    entropy: Mapping[str, tuple[float, ...]]
    dominant: Mapping[str, tuple[str, ...]]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "skips": dict(self.skips),
            "entropy": {kind: list(values) for kind, values in self.entropy.items()},
            "dominant": {kind: list(names) for kind, names in self.dominant.items()},
        }


def signs(gamma: Mapping[str, NDArray[Any]], derived: Mapping[str, Sequence[str]], operations: Sequence[str]) -> Signs:
    """The signs of mixing weights (edges, operations) and of the derived cells' operations, both by kind of cell."""
    return Signs(
        skips={kind: skip_count(names) for kind, names in derived.items()},
        entropy={kind: tuple(entropy(matrix).tolist()) for kind, matrix in gamma.items()},
        dominant={kind: tuple(operations[at] for at in np.argmax(matrix, axis=1)) for kind, matrix in gamma.items()},
    )


def skip_count(names: Sequence[str]) -> int:
    """How many of a cell's operations are skip connections."""
    return sum(name in SKIPS for name in names)


def entropy(gamma: NDArray[Any]) -> NDArray[np.float64]:
    """−Σ p·log p / log n of each row's n weights, divided by their sum first: where all edges into a vertex share one
    simplex, rows do not sum to one. A row without weight has 0."""
    weights = np.asarray(gamma, np.float64)
    shares = weights / np.maximum(weights.sum(axis=1, keepdims=True), FLOOR)
    logs = np.log(np.maximum(shares, FLOOR))
    most = np.log(weights.shape[1]) if weights.shape[1] > 1 else 1.0
    return np.asarray(np.maximum(0.0, -(shares * logs).sum(axis=1) / most))


def stop_reason(found: Signs, max_skips: int | None, kind: str) -> str | None:
    """Why to stop: the derived cell of this kind has more than `max_skips` skip connections; None to go on.

    DARTS+ (Liang et al. 2019, arXiv:1909.06035) stops when a normal cell has two, which is `max_skips` 1.
    """
    if max_skips is None or found.skips[kind] <= max_skips:
        return None
    return f"{found.skips[kind]} skip connections in the derived {kind} cell, more than {max_skips}"
