"""Net2DeeperNet: one more layer in a network, the same answers (Chen et al. 2016, arXiv:1511.05641, section 3.2)."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from nas_cli.costs.keras_graph import Call, channel_axis, trace
from nas_cli.errors import ConfigError
from nas_cli.models.adapted import give
from nas_cli.surgery.copying import Copying

KERNEL = 3
"""Side of an inserted convolution: its centre is the identity, the rest can learn to look around."""

IDEMPOTENT = ("linear", "relu", "relu6")
"""f(f(x)) = f(x): a second layer with the identity as its kernel changes nothing."""


def deepen(model: keras.Model, layer_path: str) -> keras.Model:
    """A copy of the model with an identity layer behind the named one, which all its readers now read.

    Behind a map the new layer is a 3×3 convolution, behind a sequence or a vector a dense layer; it ends on the same
    activation as the named layer. Where that one, or the layer it reads, is a batch norm, the new layer has one too,
    with the same momentum and epsilon.
    New layers are called NAME_deeper, NAME_deeper_norm and NAME_deeper_activation.

    Deviation: the paper sets the new batch norm's scale and shift from the activations, so that it is the identity
    in training too; here it is the identity at inference, and in training it normalises by the batch at once.

    Raises:
        ConfigError: if there is no such layer, it does not end on a linear function, ReLU or ReLU6, or its channels
            are not the last axis.
    """
    calls, _ = trace(model)
    target = _named(calls, layer_path)
    _check_channels_last(target, calls)
    activation = _activation(target)
    norm = next((call for call in (target, *(calls[source] for source in target.inputs)) if _is_norm(call)), None)
    name = _free_name(f"{target.operation.name}_deeper", {call.path.rpartition("/")[2] for call in calls})
    added = _identity(target, name, activation, norm)
    copying = Copying(behind=lambda layer: added if layer is target.operation else ())
    deeper = copying.copy(model)
    for old, new in copying.pairs:
        give(new, old.get_weights())
    _become_identity(added)
    return deeper


def _named(calls: Sequence[Call], path: str) -> Call:
    for call in calls:
        if call.path == path and isinstance(call.operation, keras.layers.Layer):
            return call
    raise ConfigError(f"the model has no layer '{path}': give a path such as '{calls[-1].path}'.")


def _check_channels_last(target: Call, calls: Sequence[Call]) -> None:
    layer, rank = target.operation, len(target.shapes[0])
    told = getattr(layer, "data_format", None)
    if _is_norm(target):
        last = layer.axis in (-1, rank)
    elif told is not None or isinstance(layer, keras.layers.Dense):
        last = told != "channels_first"
    else:
        last = channel_axis(calls) == -1
    if rank > 1 and not last:
        raise ConfigError(
            f"layer '{target.path}' does not have its channels on the last axis: an identity layer is only made behind "
            "one that has (data_format: channels_last)."
        )


def _is_norm(call: Call) -> bool:
    return isinstance(call.operation, keras.layers.BatchNormalization)


def _activation(call: Call) -> str:
    """The name of the function that the layer ends on."""
    layer, kind = call.operation, type(call.operation).__name__
    if _is_norm(call):
        return "linear"
    if kind == "ReLU" and not layer.negative_slope and not layer.threshold:
        name = {None: "relu", 6.0: "relu6"}.get(layer.max_value, kind)
    else:
        name = getattr(getattr(layer, "activation", None), "__name__", kind)
    if name not in IDEMPOTENT:
        raise ConfigError(
            f"layer '{call.path}' ends on {name}: an identity layer keeps the answers only behind a convolution, dense "
            f"layer, batch norm or activation that ends on {', '.join(IDEMPOTENT)}."
        )
    return str(name)


def _identity(target: Call, name: str, activation: str, like: Call | None) -> list[Any]:
    """New layers, not built: a convolution or dense layer, and before the activation a batch norm as `like`, if any."""
    channels, dtype = target.shapes[0][-1], target.operation.dtype_policy
    settings = {"use_bias": like is None, "activation": activation if like is None else None, "dtype": dtype}
    if len(target.shapes[0]) == 3:
        settings["data_format"] = "channels_last"
        first = keras.layers.Conv2D(channels, KERNEL, padding="same", name=name, **settings)
    else:
        first = keras.layers.Dense(channels, name=name, **settings)
    if like is None:
        return [first]
    kept = {"momentum": like.operation.momentum, "epsilon": like.operation.epsilon}
    norm = keras.layers.BatchNormalization(name=f"{name}_norm", dtype=dtype, **kept)
    return [first, norm, keras.layers.Activation(activation, name=f"{name}_activation", dtype=dtype)]


def _become_identity(added: Sequence[Any]) -> None:
    kernel = np.zeros(added[0].kernel.shape, np.float32)
    kernel[tuple(size // 2 for size in kernel.shape[:-2])] = np.eye(kernel.shape[-1])
    added[0].kernel.assign(kernel)
    for norm in added[1:2]:
        norm.gamma.assign(np.full(norm.gamma.shape, math.sqrt(1.0 + norm.epsilon), np.float32))


def _free_name(name: str, taken: set[str]) -> str:
    number = 1
    while f"{name}{number if number > 1 else ''}" in taken:
        number += 1
    return f"{name}{number if number > 1 else ''}"
