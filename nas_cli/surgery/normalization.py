"""Layers that normalise: by channel, by group of channels, or over all of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nas_cli.surgery.effect import Alive, Context, Effect, weight_axes
from nas_cli.surgery.elementwise import elementwise


def batch_normalization(context: Context) -> Effect:
    """Statistics, scale and shift per channel."""
    layer = context.layer
    vector = context.passing(_place(context, layer.axis))
    axes = {0: vector}
    weights = weight_axes(layer, context.path, gamma=axes, beta=axes, moving_mean=axes, moving_variance=axes)
    return Effect(elementwise(context).outputs, vector, vector, weights)


def group_normalization(context: Context) -> Effect:
    """Statistics over each group of channels: a whole group is one unit."""
    layer = context.layer
    vector = context.passing(_place(context, layer.axis))
    blocks = vector.reshape(layer.groups, -1)
    context.ledger.tie(blocks, blocks[:, :1])
    heads = blocks[:, 0]
    weights = weight_axes(layer, context.path, gamma={0: vector}, beta={0: vector})

    def config(alive: Alive) -> Mapping[str, Any]:
        return {"groups": int(alive[heads].sum())}

    return Effect(elementwise(context).outputs, vector, vector, weights, config=config)


def layer_normalization(context: Context) -> Effect:
    """Statistics over the layer's axes: channels that lie along one of them are fixed."""
    return _over_axes(context, context.layer.axis)


def unit_normalization(context: Context) -> Effect:
    """As layer normalisation, without weights."""
    labels = context.inputs[0]
    if labels.lies_along(context.layer.axis):
        context.fix("the UnitNormalization layer")
    return elementwise(context)


def _over_axes(context: Context, axis: Any) -> Effect:
    labels = context.inputs[0]
    if labels.lies_along(axis):
        context.fix(f"the {context.call.kind} layer")
    place = labels.axis if labels.axis is not None else len(labels.shape) - 1
    vector = np.broadcast_to(labels.units.ravel(), (labels.shape[place],))
    return Effect(elementwise(context).outputs, vector, vector)


def standardisation(context: Context) -> Effect:
    """Rescaling or Normalization with a value per channel, in the configuration or in weights."""
    layer, labels = context.layer, context.inputs[0]
    axis = labels.axis
    vector = None if axis is None else labels.units.ravel()
    names = ("scale", "offset") if context.call.kind == "Rescaling" else ("mean", "variance")

    def config(alive: Alive) -> Mapping[str, Any]:
        if vector is None:
            return {}
        saved = layer.get_config()
        return {name: _shorter(saved[name], alive[vector]) for name in names}

    weights = {
        position: {0: vector}
        for position, weight in enumerate(layer.weights)
        if vector is not None and tuple(weight.shape) == vector.shape
    }
    if vector is not None and layer.weights and not weights:
        context.fix("the normalisation")
    return Effect(elementwise(context).outputs, vector, vector, weights, config=config)


def _shorter(value: Any, stays: Alive) -> Any:
    """A list of one value per channel without those that go, at any depth of nesting; other values as they are."""
    if not isinstance(value, list | tuple) or np.ndim(value) == 0:
        return value
    array = np.asarray(value)
    return np.repeat(array, stays.astype(np.int64), axis=-1).tolist() if array.shape[-1] == stays.size else value


def _place(context: Context, axis: Any) -> int:
    """An axis counted as Keras does (0 is the batch), without the batch."""
    axis = axis[0] if isinstance(axis, list | tuple) else axis
    return int(axis) % (len(context.inputs[0].shape) + 1) - 1
