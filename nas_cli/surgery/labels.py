"""Which unit each number of a tensor belongs to."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nas_cli.costs.shapes import Shape
from nas_cli.surgery.ledger import Ledger, Units


@dataclass(frozen=True, eq=False)
class Labels:
    """The units of a tensor of `shape` (without the batch).

    `units` has the tensor's rank; its sizes are 1 but for at most one axis, the one along which channels lie. All
    entries of the tensor at one place of that axis belong to one unit, so that a tensor stays a box when units go.
    """

    shape: Shape
    units: Units

    @property
    def axis(self) -> int | None:
        """The axis along which the units differ; None if the whole tensor is one unit."""
        return next((axis for axis, size in enumerate(self.units.shape) if size > 1), None)

    def vector(self, axis: int) -> Units | None:
        """The unit of each place along an axis; None if the units lie along another axis."""
        if self.axis not in (None, axis):
            return None
        return np.broadcast_to(self.units.ravel(), (self.shape[axis],))

    def lies_along(self, axis: int | Sequence[int]) -> bool:
        """Whether the channels lie along this axis or one of these, counted as Keras does (0 is the batch)."""
        rank = len(self.shape) + 1
        axes = [axis] if isinstance(axis, int) else axis
        return self.axis in {place % rank - 1 for place in axes}

    def shrunk_shape(self, alive: NDArray[np.bool_] | NDArray[np.int64]) -> Shape:
        """The tensor's shape when the units with alive[unit] False are gone; the same shape if all of it is gone."""
        axis = self.axis
        count = int(alive[self.units].sum())
        if axis is None or count == 0:
            return self.shape
        return (*self.shape[:axis], count, *self.shape[axis + 1 :])


def along(shape: Shape, axis: int, vector: Units) -> Labels:
    """Labels whose units lie along one axis."""
    if math.prod(vector.shape) and (vector == vector[0]).all():
        return Labels(shape, vector[:1].reshape((1,) * len(shape)))
    return Labels(shape, vector.reshape(tuple(-1 if place == axis else 1 for place in range(len(shape)))))


def box(full: Units, ledger: Ledger, channel_axis: int) -> Labels:
    """Labels from one unit per number of a tensor, as a Reshape leaves them.

    Where units differ along several axes, the channels are taken to lie along `channel_axis` (or, if nothing differs
    there, the last axis along which something does), and all units at one place of it are tied: only whole slices of
    a tensor can go.
    """
    full = ledger.roots(full)
    axes = [axis for axis in range(full.ndim) if (full != full.take([0], axis)).any()]
    if not axes:
        return Labels(full.shape, full[(slice(0, 1),) * full.ndim])
    axis = channel_axis % full.ndim
    axis = axis if axis in axes else axes[-1]
    slices = np.moveaxis(full, axis, 0).reshape(full.shape[axis], -1)
    if len(axes) > 1:
        ledger.tie(slices, slices[:, :1])
    return along(full.shape, axis, slices[:, 0])
