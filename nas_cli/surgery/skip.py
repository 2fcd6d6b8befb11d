"""A skip connection into a network, the same answers (Elsken et al. 2017, arXiv:1711.04528, section 3, type II)."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from nas_cli.costs.shapes import pool_window
from nas_cli.errors import ConfigError
from nas_cli.models.adapted import give
from nas_cli.surgery.affine import SUMMED
from nas_cli.surgery.channels import find_channels
from nas_cli.surgery.copying import Copying
from nas_cli.surgery.effect import Axes

EXTENDED = ("BatchNormalization", "DepthwiseConv2D")
"""Layers whose weights for the new channels may be anything: they treat each channel alone."""

MARK = "skip_marker"


def skip(model: keras.Model, source: str, target: str) -> keras.Model:
    """A copy of the model in which what reads layer `target` also reads the channels of `source`, behind the old ones.

    The kernels that sum over the new channels have weights 0 for them, so that the answers stay the same and training
    decides. A larger map is pooled and cropped to the size of the target's. Channels must be the last axis.

    Raises:
        ConfigError: if there are no such layers in a functional model, the source is computed from the target or its
            map is smaller, or the new channels would reach an output or a layer that mixes channels in another way.
    """
    names = {layer.name for layer in model.layers}
    for name in (source, target):
        if isinstance(model, keras.Sequential) or name not in names:
            raise ConfigError(f"skip: '{name}' must be a layer of a functional model, known: {', '.join(names)[:200]}.")
    new = _marked_units(model, source, target)
    joined, pairs = _joined(model, source, target, marked=False)
    channels = find_channels(joined)
    effects = zip(channels.traced.calls, channels.traced.effects, strict=True)
    axes = {id(call.operation): (call.kind, one.weights) for call, one in effects}
    for old, layer in pairs:
        if layer.weights:
            kind, places = axes[id(layer)]
            give(layer, _values(old, layer, kind, places, new.get(layer.name, {}), (source, target)))
    return joined


class _Joint:
    """What is called behind source and target: remembers the one, appends it to the other."""

    def __init__(self, marked: bool) -> None:
        self._marked = marked
        self._kept: Any = None

    def keep(self, tensor: Any) -> Any:
        """The tensor, which is remembered."""
        self._kept = tensor
        return tensor

    def join(self, tensor: Any) -> Any:
        """The tensor with the remembered one's channels behind its own."""
        if self._kept is None:
            raise ConfigError("skip: the target is computed before the source.")
        added = _aligned(self._kept, tuple(tensor.shape)[1:])
        if self._marked:
            width = added.shape[-1]
            vector = len(added.shape) == 2
            added = (keras.layers.Dense(width, name=MARK) if vector else keras.layers.Conv2D(width, 1, name=MARK))(
                added
            )
        return keras.layers.Concatenate()([tensor, added])


def _aligned(tensor: Any, target: tuple[int, ...]) -> Any:
    shape = tuple(tensor.shape)[1:]
    if len(shape) != len(target) or any(have < want for have, want in zip(shape[:-1], target[:-1], strict=True)):
        raise ConfigError(f"skip: a source of shape {shape} cannot be joined to a target of shape {target}.")
    if len(shape) == 1 or shape[:-1] == target[:-1]:
        return tensor
    tensor = keras.layers.MaxPooling2D(pool_window(shape, target))(tensor)
    rows, columns = (tensor.shape[axis] - target[axis - 1] for axis in (1, 2))
    return keras.layers.Cropping2D(((0, rows), (0, columns)))(tensor)


def _joined(model: keras.Model, source: str, target: str, marked: bool) -> tuple[keras.Model, list[tuple[Any, Any]]]:
    """The model with fresh weights and the connection; (old, new) for each layer."""
    joint = _Joint(marked)
    behind = {source: [joint.keep], target: [joint.join]}
    copying = Copying(behind=lambda layer: behind.get(layer.name, ()))
    try:
        return copying.copy(model), copying.pairs
    except ValueError as error:
        raise _refusal(source, target, "its readers add it to channels that are as many as before.") from error


def _marked_units(model: keras.Model, source: str, target: str) -> dict[str, dict[int, NDArray[np.bool_]]]:
    """By layer name and position in its weights: along the axis where they grow, whether a place is of new channels.

    Found out with a convolution in the way of the new channels, which tells them from the same channels on other ways.
    """
    marked, _ = _joined(model, source, target, marked=True)
    channels = find_channels(marked)
    for group in channels.groups:
        if MARK in group.producers and group.fixed is not None:
            raise _refusal(source, target, f"{group.fixed}, which the new channels would change.")
    new = np.unique(next(layer.outputs for layer in channels.layers if layer.layer.name == MARK))
    found: dict[str, dict[int, NDArray[np.bool_]]] = {}
    for call, one in zip(channels.traced.calls, channels.traced.effects, strict=True):
        for place, axes in one.weights.items():
            for units in axes.values():
                mask = np.isin(channels.traced.numbers[units], new)
                if mask.any() and call.operation.name != MARK:
                    found.setdefault(call.operation.name, {})[place] = mask
    return found


def _values(
    old: Any,
    layer: Any,
    kind: str,
    places: Mapping[int, Axes],
    new: Mapping[int, NDArray[np.bool_]],
    ends: tuple[str, str],
) -> Sequence[NDArray[Any]]:
    """The old weights, and for new channels 0 where the layer sums over them, else what the layer began with."""
    values = [np.asarray(value) for value in old.get_weights()]
    if (
        kind not in SUMMED
        and kind not in EXTENDED
        and any(value.shape != tuple(weight.shape) for value, weight in zip(values, layer.weights, strict=True))
    ):
        raise _refusal(*ends, f"layer '{layer.name}' mixes its channels in another way than by a kernel.")
    fresh = [np.array(value) for value in layer.get_weights()]
    for place, mask in new.items():
        axis = next(
            axis for axis in places[place] if fresh[place].shape[axis] == mask.size != values[place].shape[axis]
        )
        if kind in SUMMED:
            fresh[place][:] = 0.0
        position: list[Any] = [slice(None)] * fresh[place].ndim
        position[axis] = ~mask
        fresh[place][tuple(position)] = values[place]
        values[place] = fresh[place]
    return values


def _refusal(source: str, target: str, reason: str) -> ConfigError:
    return ConfigError(f"'{source}' cannot be joined to '{target}': {reason}")
