"""How much each unit of a model matters, and which units live."""

import math
from typing import Any, final

import numpy as np
from keras import ops
from numpy.typing import NDArray

from nas_cli.morph.members import Members, find_members, read_through_batch_norms
from nas_cli.morph.settings import MorphSettings
from nas_cli.surgery.channels import Channels
from nas_cli.surgery.layer_terms import DIAGONAL

SHARE_OF_START = 0.5
"""A kernel's threshold is at most this share of its norm at the start: every unit lives at the start, also one with a
single weight near zero (a 1×1 kernel on one channel), which no fixed threshold allows for."""

EPSILON = 1e-12


@final
class Relevance:
    """r of every unit: the largest of its members' |gamma| and kernel norms; 0 for a unit without members.

    The norm of a kernel's slice w for one output channel, of n weights, is l2: ‖w‖, about 1 where Glorot's initial
    weights have as many inputs as outputs; rms: ‖w‖/√n (the released morph-net); scaled: √n·‖w‖ (the regularizer as
    the CoDeepNEAT thesis prints it). A unit lives while any member exceeds the threshold of its kind; a unit without
    members always. A norm's threshold is never above half of its value when the object is made.

    Methods give tensors of the values at that moment, in a graph of the values in each run.
    """

    def __init__(self, channels: Channels, settings: MorphSettings) -> None:
        self.units = channels.units
        self.weights = find_members(channels, settings.regularizer)
        self._norm = settings.norm
        units = np.concatenate([members.units for members in self.weights] or [np.zeros(0, np.int64)])
        self.slots = _slots(units, channels.units)
        self.immortal = ~np.isin(np.arange(channels.units), units)
        self.unit_of_value = units
        start = np.asarray(ops.convert_to_numpy(self.values()))
        self._start = self.scores()
        self._thresholds = np.append(self._limits(settings, start), np.inf).astype(np.float32)

    def _limits(self, settings: MorphSettings, start: NDArray[np.float32]) -> NDArray[np.float32]:
        gamma = np.repeat([members.kind == "gamma" for members in self.weights], self.sizes)
        norms = np.minimum(settings.norm_threshold, SHARE_OF_START * start)
        return np.where(gamma, settings.gamma_threshold, norms).astype(np.float32)

    @property
    def sizes(self) -> list[int]:
        """Slices of each weight."""
        return [len(members.units) for members in self.weights]

    @property
    def has_gammas(self) -> bool:
        """Whether the scale of a batch norm is among the weights."""
        return any(members.kind == "gamma" for members in self.weights)

    def undone(self, channels: Channels) -> list[str]:
        """Layers whose kernels' norms count although only batch norms read their channels, which undo any scale."""
        normed = np.append(read_through_batch_norms(channels), False)
        return [one.path for one in self.weights if one.kind == "norm" and normed[one.units].any()]

    def relative(self, channels: Channels) -> NDArray[np.float64]:
        """r now, divided by the mean of the unit's group when the object was made, (units,).

        Kernels of few weights, and layers in front of a batch norm, start and move on a scale of their own.
        """
        scales = np.ones(self.units)
        for group in channels.groups:
            scales[group.units] = self._start[group.units].mean()
        shares: NDArray[np.float64] = self.scores() / np.maximum(scales, EPSILON)
        return shares

    def scales(self) -> NDArray[np.float64]:
        """c of each value, with value = c·‖slice‖."""
        return np.repeat([_scale(members, self._norm) for members in self.weights], self.sizes)

    def values(self) -> Any:
        """|gamma| or norm of every slice of every weight, one after the other, (values,)."""
        if not self.weights:
            return ops.zeros((0,), "float32")
        return ops.concatenate([self._of(members) for members in self.weights])

    def _of(self, members: Members) -> Any:
        if members.kind == "gamma":
            return ops.abs(ops.convert_to_tensor(members.variable))
        slices = as_slices(members, ops.convert_to_tensor(members.variable))
        squares = ops.sum(ops.square(slices), axis=(0, 2))
        # The root of zero has no gradient, and a proximal step makes exact zeros.
        lengths = ops.where(squares > EPSILON**2, ops.sqrt(ops.maximum(squares, EPSILON**2)), 0.0)
        return _scale(members, self._norm) * lengths

    def by_unit(self, values: Any, missing: Any = 0.0) -> Any:
        """The values of each unit's members, (units, most members); `missing` where a unit has fewer."""
        padded = ops.concatenate([values, ops.full((1,), missing, values.dtype)])
        return ops.take(padded, self.slots, axis=0)

    def of_units(self, values: Any) -> Any:
        """r, (units,)."""
        return ops.max(self.by_unit(values), axis=1)

    def alive(self, values: Any) -> Any:
        """Which units live, bool (units,)."""
        limits = np.take(self._thresholds, self.slots)
        return ops.logical_or(ops.any(self.by_unit(values) > limits, axis=1), self.immortal)

    def living(self) -> NDArray[np.bool_]:
        """`alive` now, as an array."""
        return np.asarray(ops.convert_to_numpy(self.alive(self.values())), bool)

    def scores(self) -> NDArray[np.float64]:
        """r now, as an array."""
        return np.asarray(ops.convert_to_numpy(self.of_units(self.values())), np.float64)


def as_slices(members: Members, kernel: Any) -> Any:
    """A kernel as (before, output channels, behind): transposed convolutions have their outputs last but one."""
    shape = [int(length) for length in kernel.shape]
    kind = type(members.layer).__name__
    if kind in DIAGONAL:
        return ops.reshape(kernel, (-1, shape[-2] * shape[-1], 1))
    if kind.endswith("Transpose"):
        return ops.reshape(kernel, (-1, shape[-2], shape[-1]))
    return ops.reshape(kernel, (-1, shape[-1], 1))


def _scale(members: Members, norm: str) -> float:
    if members.kind == "gamma" or norm == "l2":
        return 1.0
    count = math.prod(int(length) for length in members.variable.shape) / len(members.units)
    return float(count**-0.5 if norm == "rms" else count**0.5)


def _slots(units: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The positions of each unit's values, (units, most members); the number of values where it has fewer."""
    counts = np.bincount(units[units >= 0], minlength=count)
    slots = np.full((count, max(1, counts.max(initial=0))), len(units))
    order = np.argsort(units, kind="stable")
    order = order[units[order] >= 0]
    first = np.cumsum(counts) - counts
    slots[units[order], np.arange(len(order)) - np.repeat(first, counts)] = order
    return slots
