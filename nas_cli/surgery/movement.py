"""Layers that only move numbers: flatten, reshape, permute, slice, split, stack, repeat, pad by an operation."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from nas_cli.errors import ConfigError
from nas_cli.surgery.effect import CHAIN, CONCAT, JOIN, Alive, Context, Effect
from nas_cli.surgery.labels import Labels, along, box
from nas_cli.surgery.ledger import Units


def moved(context: Context) -> Effect:
    """The layer is run on the units of its inputs themselves, so that where each number goes is exact."""
    outputs = _run(context)
    missing = JOIN if len(context.inputs) > 1 else CHAIN
    return Effect(tuple(outputs), missing=missing, config=_targets(context, outputs))


def _run(context: Context) -> list[Labels]:
    """Labels of the outputs, by calling the layer on a batch of two equal arrays of unit numbers."""
    node = context.call.node
    values = {
        id(tensor): np.broadcast_to(labels.units, (2, *labels.shape)).astype(np.int32)
        for tensor, labels in zip(node.input_tensors, context.inputs, strict=True)
    }
    args, kwargs = node.arguments.fill_in(values)
    try:
        outputs = keras.tree.flatten(context.layer(*args, **kwargs))
    except Exception as error:  # a fixed batch size fails with an error of the backend's own
        raise ConfigError(
            f"layer '{context.path}' does not take a batch of two: its arguments must not fix the batch size."
        ) from error
    found = [np.asarray(keras.ops.convert_to_numpy(output)) for output in outputs]
    for value, shape in zip(found, context.call.shapes, strict=True):
        if value.shape != (2, *shape) or (value[0] != value[1]).any():
            raise ConfigError(f"layer '{context.path}' mixes the examples of a batch, so that nothing can be removed.")
    return [box(value[0].astype(np.int64), context.ledger, context.channel_axis) for value in found]


def _targets(context: Context, outputs: Sequence[Labels]) -> Callable[[Alive], Mapping[str, Any]]:
    """The constructor arguments that hold a shape or sizes, after removal."""
    kind, layer = context.call.kind, context.layer

    def config(alive: Alive) -> Mapping[str, Any]:
        shape = outputs[0].shrunk_shape(alive)
        if kind == "Reshape":
            return {"target_shape": shape} if hasattr(layer, "target_shape") else {"newshape": (-1, *shape)}
        if kind == "Split" and context.inputs[0].lies_along(layer.axis):
            place = layer.axis % (len(shape) + 1) - 1
            ends = np.cumsum([alive[np.broadcast_to(one.units.ravel(), (one.shape[place],))].sum() for one in outputs])
            return {"indices_or_sections": ends[:-1].tolist()}
        if kind == "Squeeze" and layer.axis is None:
            # Channels of which one is left would be squeezed away as well.
            return {"axis": [axis for axis, size in enumerate(context.inputs[0].shape, start=1) if size == 1]}
        if kind == "Repeat" and np.size(layer.repeats) > 1 and context.inputs[0].lies_along(layer.axis):
            stays = alive[context.inputs[0].units.ravel()].astype(np.int64)
            return {"repeats": np.repeat(np.asarray(layer.repeats), stays).tolist()}
        return {}

    return config


def concatenation(context: Context) -> Effect:
    """Along the channels their units stand side by side; along another axis they are tied."""
    shape = context.call.shapes[0]
    place = context.layer.axis % (len(shape) + 1) - 1
    vectors = [labels.vector(place) for labels in context.inputs]
    parts = [vector for vector in vectors if vector is not None]
    if len(parts) == len(vectors):
        return Effect((along(shape, place, np.concatenate(parts)),), missing=CONCAT, axis=place)
    axes = {labels.axis for labels in context.inputs} - {None}
    if len(axes) > 1:
        reason = f"layer '{context.path}' joins these channels with others that lie along another axis"
        for labels in context.inputs:
            context.ledger.fix(labels.units, reason)
        return Effect(context.new_outputs(reason), missing=JOIN)
    widest = next(labels for labels in context.inputs if labels.axis is not None)
    for labels in context.inputs:
        context.ledger.tie(labels.units, widest.units)
    return Effect((Labels(shape, widest.units),), missing=JOIN)


def slicing(context: Context) -> Effect:
    """A part of a tensor (x[..., :8]): its bounds along the channels move with what is left before them.

    Channels are fixed where a part is taken with a step, whose survivors are no slice.
    """
    labels = context.inputs[0]
    args, kwargs = context.call.node.arguments.args, context.call.node.arguments.kwargs
    key = kwargs["key"] if "key" in kwargs else args[1]
    place = None if labels.axis is None else _entry(key, labels.axis + 1, len(labels.shape) + 1)
    entry = None if place is None else _tuple(key)[place]
    if isinstance(entry, slice) and entry.step not in (None, 1) or not isinstance(entry, int | slice | type(None)):
        context.fix("the slice")
        place = None
    outputs = tuple(_run(context))
    if place is None or labels.axis is None:
        return Effect(outputs)
    vector = labels.units.ravel()

    def arguments(alive: Alive, args: Any, kwargs: Any) -> tuple[Any, Any]:
        new = list(_tuple(key))
        new[place] = _shifted(entry, alive[vector])
        return (args[0] if args else kwargs["x"], tuple(new)), {}

    return Effect(outputs, arguments=arguments)


def _tuple(key: Any) -> tuple[Any, ...]:
    return tuple(key) if isinstance(key, tuple | list) else (key,)


def _entry(key: Any, axis: int, rank: int) -> int | None:
    """The position in the key of the entry for an axis; None if the axis is taken whole."""
    entries = _tuple(key)
    used = sum(entry is not None and entry is not Ellipsis for entry in entries)
    at = 0
    for position, entry in enumerate(entries):
        if entry is None:
            continue
        if entry is Ellipsis:
            at += rank - used
            if at > axis:
                return None
            continue
        if at == axis:
            return position
        at += 1
    return None


def _shifted(entry: Any, stays: Alive) -> Any:
    """The index or slice of the same channels among those that stay."""
    before = np.concatenate([[0], np.cumsum(stays)])
    if isinstance(entry, int):
        return int(before[entry % stays.size])
    start, stop, _ = entry.indices(stays.size)
    return slice(int(before[start]), int(before[max(start, stop)]), None)


def rolled(context: Context) -> Effect:
    """Moves the numbers round; channels that are moved along their own axis are fixed."""
    labels, axis = context.inputs[0], context.layer.axis
    axes = {place % (len(labels.shape) + 1) - 1 for place in (axis if isinstance(axis, list | tuple) else [axis or 0])}
    if axis is None or labels.axis in axes:
        context.fix("the roll")
    return Effect(tuple(_run(context)))


def padded(context: Context) -> Effect:
    """ops.pad: constant entries along the channels are channels of their own; mirrored ones fix what they mirror."""
    layer, labels = context.layer, context.inputs[0]
    amounts = _pairs(layer.pad_width, len(labels.shape))
    axis = labels.axis
    if axis is None:
        last = context.channel_axis % len(labels.shape)
        axis = last if any(amounts[last]) else None
    shape = context.call.shapes[0]
    if axis is None or not any(amounts[axis]):
        return Effect((Labels(shape, labels.units),))
    if layer.mode != "constant":
        return Effect(context.new_outputs(context.fix("the padding")))
    return _constant(context, axis, amounts)


def _constant(context: Context, axis: int, amounts: list[tuple[int, int]]) -> Effect:
    vector = context.passing(axis)
    before, behind = (context.ledger.fresh(amount) for amount in amounts[axis])
    added: Units = np.concatenate([before, behind])
    context.ledger.padded.append((context.path, added))
    shape = context.call.shapes[0]

    def config(alive: Alive) -> Mapping[str, Any]:
        ends = [int(alive[before].sum()), int(alive[behind].sum())]
        pairs = [ends if place == axis else list(pair) for place, pair in enumerate(amounts)]
        return {"pad_width": [[0, 0], *pairs]}

    return Effect((along(shape, axis, np.concatenate([before, vector, behind])),), supplies=added, config=config)


def _pairs(width: Any, rank: int) -> list[tuple[int, int]]:
    """Front and back for each axis but the batch, from any form that ops.pad takes."""
    pairs = np.broadcast_to(np.asarray(width), (rank + 1, 2))
    return [(int(front), int(back)) for front, back in pairs[1:]]
