"""The weights that make each channel."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_cli.surgery.affine import SUMMED
from nas_cli.surgery.channels import Channels

KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel")
SHIFTS = ("bias", "gamma", "beta")


@dataclass(frozen=True, eq=False)
class Maker:
    """A weight whose slices along `axis` make channels: `units` are theirs, in order. `normed`: of a kernel or bias,
    whether a batch norm with scale alone reads the result; of gamma and beta, whether they are those of such a one."""

    variable: Any
    axis: int
    units: NDArray[np.int64]
    normed: bool

    @property
    def is_kernel(self) -> bool:
        """Whether it is a kernel of any kind."""
        return self.variable.name in KERNELS

    @property
    def is_scale(self) -> bool:
        """Whether it is a batch norm's scale or shift."""
        return self.variable.name in ("gamma", "beta")

    def by_unit(self, values: NDArray[Any], count: int) -> NDArray[np.float64]:
        """The sums of `values`, in the weight's shape, over each unit's slices, (count,)."""
        slices = np.moveaxis(np.asarray(values, np.float64), self.axis, 0).reshape(len(self.units), -1)
        total = np.zeros(count)
        np.add.at(total, self.units, slices.sum(axis=1))
        return total


def find_makers(channels: Channels) -> tuple[Maker, ...]:
    """Kernels along their outputs, biases, scales and shifts, each once; a depthwise kernel makes what passes it."""
    return tuple(_makers(channels))


def gates(makers: Sequence[Maker]) -> list[Maker]:
    """Of each channel the weights that scale it last: a batch norm's where one follows at once, else kernel and bias.

    Their sum of w·∂L/∂w is what the loss changes by, to first order, without what this layer adds to the channel;
    over a kernel in front of a batch norm it would be without meaning, since the norm undoes any scale. A channel that
    several layers make, or that passes a depthwise convolution, has those of each.
    """
    return [maker for maker in makers if maker.normed == maker.is_scale]


def _makers(channels: Channels) -> Iterator[Maker]:
    traced = channels.traced
    norms = {layer.path: layer.norm for layer in channels.layers}
    ends = {norm for norm in norms.values() if norm is not None}
    seen: set[int] = set()
    for call, effect in zip(traced.calls, traced.effects, strict=True):
        if id(call.operation) in seen:
            continue
        seen.add(id(call.operation))
        for position, axes in effect.weights.items():
            variable = call.operation.weights[position]
            if variable.name not in KERNELS + SHIFTS:
                continue
            normed = call.path in ends or norms.get(call.path) is not None
            for axis, units in axes.items():
                if not _reads(call, position, axis - len(variable.shape)):
                    yield Maker(variable, axis, traced.numbers[units], normed)


def _reads(call: Any, position: int, axis: int) -> bool:
    """Whether the layer sums over this axis of the weight."""
    return SUMMED.get(call.kind) == (position, axis) and getattr(call.operation, "groups", 1) == 1
