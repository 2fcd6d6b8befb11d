"""The book in which a walk over a network writes which channels are tied, who makes them, and which must stay."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Units = NDArray[np.int64]
"""Numbers of units, one for each channel or feature of a tensor (or each entry along an axis of a weight)."""


class Ledger:
    """Union-find over units; a united set has one reason to be fixed (the first that was given), or none."""

    def __init__(self) -> None:
        self._parents: list[int] = []
        self._reasons: dict[int, str] = {}
        self.produced: list[tuple[str, Units]] = []
        """(path, units) of every layer that makes channels, in graph order."""
        self.padded: list[tuple[str, Units]] = []
        """The same for layers that only add constant channels."""

    @property
    def size(self) -> int:
        """Units handed out so far, united ones counted singly."""
        return len(self._parents)

    def fresh(self, count: int, reason: str | None = None) -> Units:
        """New units, tied to nothing; fixed if a reason is given."""
        units = np.arange(self.size, self.size + count, dtype=np.int64)
        self._parents.extend(units.tolist())
        if reason is not None:
            self.fix(units, reason)
        return units

    def root(self, unit: int) -> int:
        """The number that stands for all units tied to this one; the smallest of them."""
        parents = self._parents
        while parents[unit] != unit:
            parents[unit] = parents[parents[unit]]
            unit = parents[unit]
        return unit

    def roots(self, units: Units) -> Units:
        """The same array with every unit replaced by its root."""
        values, places = np.unique(units, return_inverse=True)
        roots: Units = np.array([self.root(int(value)) for value in values], np.int64)
        expanded: Units = roots[places.reshape(units.shape)]
        return expanded

    def tie(self, left: Units, right: Units) -> None:
        """Unite two arrays element by element, with NumPy's broadcasting."""
        pairs = np.stack([array.ravel() for array in np.broadcast_arrays(left, right)], axis=1)
        for one, other in np.unique(pairs, axis=0).tolist():
            low, high = sorted((self.root(one), self.root(other)))
            if low == high:
                continue
            self._parents[high] = low
            reason = self._reasons.pop(high, None)
            if reason is not None:
                self._reasons.setdefault(low, reason)

    def fix(self, units: Units, reason: str) -> None:
        """None of these units may be removed, nor any that is tied to one of them, now or later."""
        for unit in np.unique(units).tolist():
            self._reasons.setdefault(self.root(unit), reason)

    def numbering(self) -> Units:
        """For every unit handed out, its final number 0..n-1: tied units share one, in order of first appearance."""
        roots = self.roots(np.arange(self.size, dtype=np.int64))
        return np.unique(roots, return_inverse=True)[1].astype(np.int64)

    def fixed_reasons(self) -> Sequence[str | None]:
        """The reason of each final number."""
        roots = np.unique(self.roots(np.arange(self.size, dtype=np.int64)))
        return [self._reasons.get(int(root)) for root in roots]
