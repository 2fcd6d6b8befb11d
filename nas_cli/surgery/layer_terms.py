"""What one layer costs, per input and output channel: the constants C of the MorphNet paper."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_cli.costs.keras_layers import count
from nas_cli.surgery.channels import LayerChannels

FLOAT32_BYTES = 4
FULL = frozenset(
    "Conv1D Conv2D Conv3D Conv1DTranspose Conv2DTranspose Conv3DTranspose Dense".split()
)  # each output reads each input of its group
DIAGONAL = frozenset(("DepthwiseConv1D", "DepthwiseConv2D"))
SEPARABLE = frozenset(("SeparableConv1D", "SeparableConv2D"))
COUNTED = FULL | DIAGONAL | SEPARABLE

Units = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Product:
    """A cost `coefficient` for each pair of a living unit of `reads` and one of `writes`."""

    coefficient: float
    reads: Units
    writes: Units


@dataclass(frozen=True, eq=False)
class Linear:
    """A cost for each living unit of `units`; `weight` is its share in the regularizer."""

    cost: float
    weight: float
    units: Units


Term = Product | Linear


def flops(layer: LayerChannels) -> list[Term]:
    """2·MACs. Convolution: C·A_in·A_out per group, C = 2·H_out·W_out·k_h·k_w; dense: C = 2.

    Depthwise: C·A_out, and C·(Σ r_in + Σ r_out) in the regularizer, for both ends are tied.
    """
    return list(_arithmetic(layer, 2 * count(layer.call)[0]))


def weights(layer: LayerChannels) -> list[Term]:
    """Numbers in the kernels: C = k_h·k_w. Biases and batch norms are not counted."""
    return list(_arithmetic(layer, sum(_size(kernel) for kernel in kernels(layer.layer))))


def outputs(layer: LayerChannels) -> list[Term]:
    """Bytes of the output in float32: H·W·A_out."""
    each = FLOAT32_BYTES * layer.call.size / len(layer.outputs)
    return [Linear(each, each, layer.outputs)]


def moved(layer: LayerChannels) -> list[Term]:
    """Bytes read and written at batch 1 in float32: the input, the output and the kernels, each once."""
    each = FLOAT32_BYTES * math.prod(layer.call.input_shapes[0]) / len(layer.inputs)
    inputs = Linear(each, each, layer.inputs)
    kernel_bytes = FLOAT32_BYTES * sum(_size(kernel) for kernel in kernels(layer.layer))
    return [inputs, *outputs(layer), *_arithmetic(layer, kernel_bytes)]


def kernels(layer: Any) -> list[Any]:
    """The kernel of a convolution or dense layer, the two of a separable convolution."""
    names = ("depthwise_kernel", "pointwise_kernel") if type(layer).__name__ in SEPARABLE else ("kernel",)
    return [getattr(layer, name) for name in names]


def _arithmetic(layer: LayerChannels, full: float) -> Iterator[Term]:
    """Terms that add up to `full` while every unit lives, in the way in which MACs and weights depend on widths."""
    if layer.kind in DIAGONAL:
        each = full / len(layer.outputs)
        yield Linear(each, each, layer.outputs)
        yield Linear(0.0, each, layer.inputs)
    elif layer.kind in SEPARABLE:
        yield from _separable(layer, full)
    else:
        groups = getattr(layer.layer, "groups", 1)
        for reads, writes in zip(np.split(layer.inputs, groups), np.split(layer.outputs, groups), strict=True):
            yield from _group(full / groups, reads, writes)


def _group(full: float, reads: Units, writes: Units) -> Iterator[Term]:
    """One group of a convolution. If it is one unit, it lives or dies as a depthwise channel does."""
    if len(set(reads.tolist()) | set(writes.tolist())) > 1:
        yield Product(full / (len(reads) * len(writes)), reads, writes)
        return
    yield Linear(full / len(writes), full / len(writes), writes)
    yield Linear(0.0, full / len(reads), reads)


def _separable(layer: LayerChannels, full: float) -> Iterator[Term]:
    """A depthwise convolution of the inputs, then a pointwise one that reads `multiplier` maps per input."""
    depthwise, pointwise = (_size(kernel) for kernel in kernels(layer.layer))
    multiplier = layer.layer.depth_multiplier
    each = full * depthwise / (depthwise + pointwise) / len(layer.inputs)
    yield Linear(each, each / multiplier * (1 + multiplier), layer.inputs)
    pairs = len(layer.inputs) * len(layer.outputs)
    yield Product(full * pointwise / (depthwise + pointwise) / pairs, layer.inputs, layer.outputs)


def _size(variable: Any) -> int:
    return math.prod(int(length) for length in variable.shape)


def shared_once(layers: Sequence[LayerChannels]) -> list[LayerChannels]:
    """The layers, each at its first call only: a layer that is called twice has its weights once."""
    seen: dict[int, LayerChannels] = {}
    for layer in layers:
        seen.setdefault(id(layer.layer), layer)
    return list(seen.values())
