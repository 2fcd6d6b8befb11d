"""Layers with a kernel that mixes channels: convolutions of all kinds and dense layers."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from nas_cli.surgery.activations import check_activation
from nas_cli.surgery.effect import Alive, Context, Effect, weight_axes
from nas_cli.surgery.labels import along
from nas_cli.surgery.ledger import Units

SUMMED: Mapping[str, tuple[int, int]] = {
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D", "Dense"), (0, -2)),
    **dict.fromkeys(("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"), (0, -1)),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D"), (1, -2)),
}
"""By class: (position in `layer.weights`, axis) of the kernel over whose inputs the layer sums."""


def channel_axis(layer: Any, rank: int) -> int:
    """The axis of the channels by the layer's data_format, in a tensor of `rank` axes without the batch."""
    given = getattr(layer, "data_format", "channels_last") or keras.config.image_data_format()
    return 0 if given == "channels_first" else rank - 1


def convolution(context: Context) -> Effect:
    """A convolution makes its output channels; a grouped one ties block g of its inputs to block g of its outputs."""
    layer = context.layer
    axis = channel_axis(layer, len(context.inputs[0].shape))
    if layer.groups > 1:
        return _grouped(context, axis, context.passing(axis))
    reads = context.read(axis)
    writes = _made(context, layer.filters)
    last = len(layer.kernel.shape) - 1
    weights = weight_axes(layer, context.path, _kernel={last - 1: reads, last: writes}, bias={0: writes})
    return _effect(context, axis, reads, writes, weights, lambda alive: {"filters": count(alive, writes)})


def _grouped(context: Context, axis: int, reads: Units) -> Effect:
    layer, ledger = context.layer, context.ledger
    blocks = reads.reshape(layer.groups, -1)
    ledger.tie(blocks, blocks[:, :1])
    heads = blocks[:, 0]
    writes = np.repeat(heads, layer.filters // layer.groups)
    ledger.produced.append((context.path, writes))
    last = len(layer.kernel.shape) - 1
    weights = weight_axes(layer, context.path, _kernel={last: writes}, bias={0: writes})

    def config(alive: Alive) -> Mapping[str, Any]:
        return {"filters": count(alive, writes), "groups": count(alive, heads)}

    return _effect(context, axis, reads, writes, weights, config)


def transposed(context: Context) -> Effect:
    """As a convolution; the kernel's last two axes are (outputs, inputs)."""
    layer = context.layer
    axis = channel_axis(layer, len(context.inputs[0].shape))
    reads = context.read(axis)
    writes = _made(context, layer.filters)
    last = len(layer.kernel.shape) - 1
    weights = weight_axes(layer, context.path, kernel={last - 1: writes, last: reads}, bias={0: writes})
    return _effect(context, axis, reads, writes, weights, lambda alive: {"filters": count(alive, writes)})


def depthwise(context: Context) -> Effect:
    """Each input channel goes into `depth_multiplier` neighbouring output channels of the same unit."""
    layer = context.layer
    axis = channel_axis(layer, len(context.inputs[0].shape))
    reads = context.passing(axis)
    writes = np.repeat(reads, layer.depth_multiplier)
    last = len(layer.kernel.shape) - 1
    weights = weight_axes(layer, context.path, kernel={last - 1: reads}, bias={0: writes})
    return _effect(context, axis, reads, writes, weights, lambda alive: {})


def separable(context: Context) -> Effect:
    """A depthwise convolution and a pointwise one, which makes the output channels."""
    layer = context.layer
    axis = channel_axis(layer, len(context.inputs[0].shape))
    reads = context.read(axis)
    between = np.repeat(reads, layer.depth_multiplier)
    writes = _made(context, layer.filters)
    last = len(layer.depthwise_kernel.shape) - 1
    weights = weight_axes(
        layer,
        context.path,
        depthwise_kernel={last - 1: reads},
        pointwise_kernel={last - 1: between, last: writes},
        bias={0: writes},
    )
    return _effect(context, axis, reads, writes, weights, lambda alive: {"filters": count(alive, writes)})


def dense(context: Context) -> Effect:
    """A dense layer works on the last axis and makes its units."""
    layer = context.layer
    axis = len(context.inputs[0].shape) - 1
    reads = context.read(axis)
    writes = _made(context, layer.units)
    weights = weight_axes(layer, context.path, _kernel={0: reads, 1: writes}, bias={0: writes})
    return _effect(context, axis, reads, writes, weights, lambda alive: {"units": count(alive, writes)})


def count(alive: Alive, units: Units) -> int:
    """How many channels stay."""
    return int(alive[units].sum())


def _made(context: Context, channels: int) -> Units:
    units = context.ledger.fresh(channels)
    context.ledger.produced.append((context.path, units))
    return units


def _effect(
    context: Context,
    axis: int,
    reads: Units,
    writes: Units,
    weights: Mapping[int, Mapping[int, Units]],
    config: Callable[[Alive], Mapping[str, Any]],
) -> Effect:
    outputs = along(context.call.shapes[0], axis, writes)
    if check_activation(context, context.layer.activation):
        context.ledger.fix(writes, f"the activation of layer '{context.path}' mixes these channels")
    return Effect((outputs,), reads, writes, weights, supplies=writes, config=config)
