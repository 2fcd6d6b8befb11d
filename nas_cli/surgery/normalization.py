"""Layers that normalise: by channel, by group of channels, or over all of them."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

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
    """Rescaling or Normalization, where it has a value per channel: in the configuration or in weights."""
    layer, labels = context.layer, context.inputs[0]
    passed = elementwise(context).outputs
    places = {name: axes.index(labels.axis) - len(axes) for name, axes in _valued(context) if labels.axis in axes}
    if not places:
        return Effect(passed)
    vector = labels.units.ravel()

    def config(alive: Alive) -> Mapping[str, Any]:
        saved, stays = layer.get_config(), alive[vector].astype(np.int64)
        return {name: _shorter(saved[name], stays, place) for name, place in places.items()}

    weights = {
        at: {len(weight.shape) + places[weight.name]: vector}
        for at, weight in enumerate(layer.weights)
        if weight.name in places
    }
    return Effect(passed, vector, vector, weights, config=config)


def _valued(context: Context) -> list[tuple[str, list[int | None]]]:
    """The arguments that hold values, each with the tensor's axes along which its own axes lie, the last at the end."""
    layer, rank = context.layer, len(context.inputs[0].shape)
    axes: list[int | None] = list(range(rank))
    if context.call.kind == "Normalization":
        axes = sorted(axis % (rank + 1) - 1 for axis in layer.axis)
        return [("mean", axes), ("variance", axes)]
    first = keras.config.image_data_format() == "channels_first" and np.ndim(layer.scale)
    # There Keras puts axes of size 1 behind the factors, but not behind the offsets.
    return [("scale", axes[: rank - max(0, 3 - np.ndim(layer.scale))] if first else axes), ("offset", axes)]


def _shorter(value: Any, stays: NDArray[np.int64], axis: int) -> Any:
    """A nested list of values without those of channels that go, along an axis counted from the end."""
    array = np.asarray(value)
    if array.ndim < -axis or array.shape[axis] != stays.size:
        return value
    return np.repeat(array, stays, axis=axis).tolist()


def _place(context: Context, axis: Any) -> int:
    """An axis counted as Keras does (0 is the batch), without the batch."""
    axis = axis[0] if isinstance(axis, list | tuple) else axis
    return int(axis) % (len(context.inputs[0].shape) + 1) - 1
