"""Layers that work on each channel's map: pooling, resizing, padding, cropping, reductions."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nas_cli.surgery.affine import channel_axis
from nas_cli.surgery.effect import CHAIN, JOIN, Alive, Context, Effect
from nas_cli.surgery.labels import Labels, along


def each_map(context: Context) -> Effect:
    """Pooling, upsampling, resizing, cropping about the centre: the channels keep their axis."""
    axis = channel_axis(context.layer, len(context.inputs[0].shape))
    return Effect((along(context.call.shapes[0], axis, context.passing(axis)),))


def global_pooling(context: Context) -> Effect:
    """One number per channel is left, in a vector or, with keepdims, on the channels' axis."""
    axis = channel_axis(context.layer, len(context.inputs[0].shape))
    vector, shape = context.passing(axis), context.call.shapes[0]
    return Effect((along(shape, axis if context.layer.keepdims else 0, vector),))


def reduction(context: Context) -> Effect:
    """Mean, Sum, Max, Min over some axes: channels along one of them are fixed."""
    labels, operation = context.inputs[0], context.layer
    rank = len(labels.shape) + 1
    given = operation.axis if operation.axis is not None else list(range(rank))
    axes = {place % rank - 1 for place in (given if isinstance(given, list | tuple) else [given])}
    if labels.axis is None:
        sizes = (1,) * len(context.call.shapes[0])
        return Effect((Labels(context.call.shapes[0], labels.units.reshape(sizes)),))
    if labels.axis in axes or -1 in axes:
        return Effect(context.new_outputs(context.fix("the reduction")))
    place = (
        labels.axis if getattr(operation, "keepdims", False) else labels.axis - sum(axis < labels.axis for axis in axes)
    )
    return Effect((along(context.call.shapes[0], place, labels.units.ravel()),))


def average(context: Context) -> Effect:
    """keras.ops.average: a mean, or one with weights, which may differ by channel and fix them."""
    args, kwargs = context.call.node.arguments.args, context.call.node.arguments.kwargs
    if kwargs.get("weights", args[1] if len(args) > 1 else None) is None:
        return reduction(context)
    reason = context.fix("the weighted average")
    return Effect(context.new_outputs(reason), missing=JOIN if len(context.inputs) > 1 else CHAIN)


def padding(context: Context) -> Effect:
    """Zeros before and behind. Along the channels they are channels of their own, which another branch may fill."""
    layer = context.layer
    place, amounts = _amounts(context, layer.padding)
    labels = context.inputs[0]
    channel = _padded_axis(labels, context, place, amounts)
    if channel is None:
        return Effect((Labels(context.call.shapes[0], labels.units),))
    front, back = amounts[channel - place]
    vector = context.passing(channel)
    before, behind = context.ledger.fresh(front), context.ledger.fresh(back)
    zeros = np.concatenate([before, behind])
    context.ledger.padded.append((context.path, zeros))

    def config(alive: Alive) -> Mapping[str, Any]:
        ends = (int(alive[before].sum()), int(alive[behind].sum()))
        changed = [ends if axis == channel else pair for axis, pair in enumerate(amounts, start=place)]
        return {"padding": changed[0] if len(changed) == 1 else changed}

    whole = np.concatenate([before, vector, behind])
    return Effect((along(context.call.shapes[0], channel, whole),), supplies=zeros, config=config)


def cropping(context: Context) -> Effect:
    """A part of each map; along the channels, some of them."""
    layer, labels = context.layer, context.inputs[0]
    place, amounts = _amounts(context, layer.cropping)
    channel, shape = labels.axis, context.call.shapes[0]
    if channel is None or not place <= channel < place + len(amounts):
        return Effect((Labels(shape, labels.units),))
    front, back = amounts[channel - place]
    vector = labels.units.ravel()
    end = len(vector) - back

    def config(alive: Alive) -> Mapping[str, Any]:
        ends = (int(alive[vector[:front]].sum()), int(alive[vector[end:]].sum()))
        changed = [ends if axis == channel else pair for axis, pair in enumerate(amounts, start=place)]
        return {"cropping": changed[0] if len(changed) == 1 else changed}

    return Effect((along(shape, channel, vector[front:end]),), config=config)


def _amounts(context: Context, given: Sequence[Any]) -> tuple[int, list[tuple[int, int]]]:
    """(first of the axes, without the batch; front and back for each of them)."""
    first = 1 if getattr(context.layer, "data_format", None) == "channels_first" else 0
    pairs = [given] if isinstance(given[0], int) else given
    return first, [(int(front), int(back)) for front, back in pairs]


def _padded_axis(labels: Labels, context: Context, place: int, amounts: Sequence[tuple[int, int]]) -> int | None:
    """The axis that is padded and carries the channels: theirs, or, for a tensor of one unit, the usual one.

    A column (1, 1) is a vector of one feature that was turned to be padded.
    """
    usual = 0 if labels.shape == (1, 1) else context.channel_axis % len(labels.shape)
    axis = labels.axis if labels.axis is not None else usual
    inside = place <= axis < place + len(amounts)
    return axis if inside and any(amounts[axis - place]) else None
