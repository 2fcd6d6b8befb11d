"""Calls that treat every number alone, and joins of tensors number by number."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from nas_cli.costs.shapes import Shape
from nas_cli.surgery.activations import check_activation
from nas_cli.surgery.affine import channel_axis
from nas_cli.surgery.effect import CHAIN, DIFFERENCE, JOIN, SUM, Alive, Context, Effect, weight_axes
from nas_cli.surgery.labels import Labels
from nas_cli.surgery.ledger import Ledger, Units

MISSING = {"Add": SUM, "Subtract": DIFFERENCE, "CustomScaleLayer": DIFFERENCE}
"""Joins that an operand of zeros does not change; any other cannot do without one."""


def elementwise(context: Context) -> Effect:
    """Every number alone: the channels pass."""
    return Effect((Labels(context.call.shapes[0], context.inputs[0].units),))


def dropout(context: Context) -> Effect:
    """The channels pass, unless the noise has a shape of its own along them."""
    axis, noise = context.inputs[0].axis, getattr(context.layer, "noise_shape", None)
    if noise is not None and axis is not None and noise[axis + 1] not in (None, 1):
        context.fix("the fixed noise_shape of")
    return elementwise(context)


def activation(context: Context) -> Effect:
    """The channels pass, or are fixed where the function normalises over them."""
    if check_activation(context, context.layer.activation) and context.inputs[0].lies_along(-1):
        context.fix("the activation")
    return elementwise(context)


def softmax(context: Context) -> Effect:
    """Fixed, if the layer's axis is the channels' own."""
    if context.inputs[0].lies_along(context.layer.axis):
        context.fix("the softmax")
    return elementwise(context)


def prelu(context: Context) -> Effect:
    """One slope per channel, or per number."""
    layer, labels = context.layer, context.inputs[0]
    axis = labels.axis if labels.axis is not None else channel_axis(layer, len(labels.shape))
    vector = context.passing(axis)
    axes = {axis: vector} if layer.alpha.shape[axis] == vector.size > 1 else {}
    return Effect(elementwise(context).outputs, vector, vector, weight_axes(layer, context.path, alpha=axes))


def layer_scale(context: Context) -> Effect:
    """One factor per channel of the last axis (keras.applications.convnext)."""
    vector = context.passing(len(context.inputs[0].shape) - 1)
    weights = weight_axes(context.layer, context.path, gamma={0: vector})

    def config(alive: Alive) -> Mapping[str, Any]:
        return {"projection_dim": int(alive[vector].sum())}

    return Effect(elementwise(context).outputs, vector, vector, weights, config=config)


def join(context: Context) -> Effect:
    """Channels that meet are tied; a single channel that is spread over many ties nothing.

    An array among the operands (x * array) is cut along the channels.
    """
    missing = MISSING.get(context.call.kind, JOIN) if len(context.inputs) > 1 else CHAIN
    shape = context.call.shapes[0]
    units = _joined(context.inputs, shape, context.ledger, context.path)

    def arguments(alive: Alive, args: Any, kwargs: Any) -> tuple[Any, Any]:
        labels = Labels(shape, units)
        args, kwargs = keras.tree.map_structure(lambda value: cut(value, labels, alive), (args, kwargs))
        return args, kwargs

    return Effect((Labels(shape, units),), arguments=arguments, missing=missing)


def cut(value: Any, labels: Labels, alive: Alive) -> Any:
    """A constant operand with the entries of dead channels left out; anything else as it is."""
    axis, sizes = labels.axis, getattr(value, "shape", None)
    if axis is None or sizes is None or isinstance(value, keras.KerasTensor):
        return value
    place = len(sizes) - len(labels.shape) + axis
    if place < 0 or sizes[place] == 1:
        return value
    return np.repeat(np.asarray(value), alive[labels.units.ravel()].astype(np.int64), axis=place)


def _joined(operands: Any, shape: Shape, ledger: Ledger, path: str) -> Units:
    rank = len(shape)
    aligned = [
        Labels((1,) * (rank - len(labels.shape)) + labels.shape, _padded(labels.units, rank)) for labels in operands
    ]
    axes = {labels.axis for labels in aligned} - {None}
    if len(axes) > 1:
        for labels in aligned:
            ledger.fix(labels.units, f"layer '{path}' joins these channels with others that lie along another axis")
        return next(labels.units for labels in reversed(aligned) if labels.axis is not None)
    if not axes:
        for labels in aligned[1:]:
            ledger.tie(labels.units, aligned[0].units)
        return aligned[0].units
    (axis,) = axes
    meeting = [labels for labels in aligned if axis is not None and labels.shape[axis] == shape[axis]]
    widest = next(labels.units for labels in meeting if labels.axis is not None)
    for labels in meeting:
        ledger.tie(labels.units, widest)
    return widest


def _padded(units: Units, rank: int) -> Units:
    return units.reshape((1,) * (rank - units.ndim) + units.shape)
