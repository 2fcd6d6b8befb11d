"""Taking irrelevant weights out of a model: whole units physically, the rest as zeros that stay zeros."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from nas_cli.costs.keras_graph import Call
from nas_cli.errors import ConfigError
from nas_cli.relevance.plain import layer_pairs, means, plain
from nas_cli.surgery.affine import SUMMED
from nas_cli.surgery.channels import Channels, find_channels
from nas_cli.surgery.keep import Keep
from nas_cli.surgery.shrink import shrink
from nas_cli.surgery.silence import gives_zero
from nas_cli.surgery.survival import survive
from nas_cli.training.zeros import ZerosStay

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Removal:
    """A model without its irrelevant weights.

    `model`: the smaller model; `keep`: the units that stayed. `weights_before`: entries of kernels and biases of the
    model that was given; `weights_after`: those that are not zero now; `params_after`: those of the smaller model,
    zeros included. `unread_inputs`: input channels or features that no weight reads, which stay in the input.
    """

    model: Any
    keep: Keep
    weights_before: int
    weights_after: int
    params_after: int
    unread_inputs: Bools


@dataclass(frozen=True, eq=False)
class _Connections:
    """One layer with a kernel: where it has weights that are not zero, (inputs, outputs) units, and in its bias."""

    inputs: NDArray[np.int64]
    outputs: NDArray[np.int64]
    kernel: Bools
    bias: Bools


def remove(model: Any, threshold: float) -> Removal:
    """The model with every weight of `relevance` below the threshold removed, as a plain Keras model.

    It computes what the model with these weights at zero computes: a unit goes only if its value reaches nothing, or
    if nothing reaches it and it is zero then (a sigmoid or a batch norm would still give a constant).

    Raises:
        ConfigError: as `find_channels`.
    """
    zeroed = plain(model, threshold)
    channels = find_channels(zeroed)
    keep, unread = _vacant(channels)
    keep = _connected(channels, keep)
    smaller = shrink(zeroed, keep)
    counts = [sum(int(np.prod(kernel.shape)) for kernel in _kernels(one)) for one in (zeroed, smaller)]
    left = sum(int(np.count_nonzero(ops.convert_to_numpy(kernel))) for kernel in _kernels(smaller))
    return Removal(smaller, keep, counts[0], left, counts[1], unread)


def unused_units(model: Any) -> Keep:
    """Which units of a plain model stay when those go that zeros in kernels and biases cut off, as keep masks.

    Raises:
        ConfigError: as `find_channels`.
    """
    channels = find_channels(model)
    return _connected(channels, _vacant(channels)[0])


def _vacant(channels: Channels) -> tuple[Keep, Bools]:
    """What stays, and which input units nothing reads."""
    fixed = np.zeros(channels.units, np.bool_)
    for group in channels.groups:
        fixed[group.units] |= group.fixed is not None
    found, connections = _read_through(channels), _connections(channels)
    constant = _constant(channels)
    alive = np.ones(channels.units, np.bool_)
    while True:
        read, made = ~found, constant.copy()
        for one in connections:
            used = one.kernel & alive[one.inputs][:, None] & alive[one.outputs][None, :]
            np.logical_or.at(read, one.inputs, used.any(axis=1))
            np.logical_or.at(made, one.outputs, used.any(axis=0) | one.bias)
        now = alive & (fixed | (read & made))
        if (now == alive).all():
            break
        alive = now
    keep = {group.name: alive[group.units] for group in channels.groups if not alive[group.units].all()}
    return keep, ~read[_input_units(channels)]


def _connected(channels: Channels, keep: Keep) -> Keep:
    """The masks, with one unit left in each group that would vanish if the network is cut without them."""
    try:
        survive(channels, keep)
        return keep
    except ConfigError:
        first = {name: np.arange(len(mask)) == 0 for name, mask in keep.items()}
        return {name: mask if mask.any() else first[name] for name, mask in keep.items()}


def _connections(channels: Channels) -> list[_Connections]:
    found = []
    for layer in channels.layers:
        if not _sums(layer.layer, layer.kind):
            continue
        position, axis = SUMMED[layer.kind]
        kernel = ops.convert_to_numpy(layer.layer.weights[position])
        # The other one of the last two axes holds the outputs.
        matrix = np.moveaxis(kernel, (axis, -3 - axis), (-2, -1)).any(axis=tuple(range(kernel.ndim - 2)))
        bias = ops.convert_to_numpy(layer.layer.bias) != 0 if layer.layer.use_bias else np.zeros(matrix.shape[1], bool)
        found.append(_Connections(layer.inputs, layer.outputs, matrix, bias))
    return found


def _sums(layer: Any, kind: str) -> bool:
    return kind in SUMMED and getattr(layer, "groups", 1) == 1


def _read_through(channels: Channels) -> Bools:
    """Units that some kernel reads by itself; others are read in ways that no weight shows."""
    found = np.zeros(channels.units, np.bool_)
    for layer in channels.layers:
        if _sums(layer.layer, layer.kind):
            found[layer.inputs] = True
    return found


def _constant(channels: Channels) -> Bools:
    """Units that would not be zero without the weights that make them, or that no kernel makes."""
    traced = channels.traced
    makers = {layer.path for layer in channels.layers if _sums(layer.layer, layer.kind)}
    made = np.zeros(channels.units, np.bool_)
    constant = np.zeros(channels.units, np.bool_)
    for position, call in enumerate(traced.calls):
        if call.path in makers:
            made[traced.numbers[traced.effects[position].outputs[0].units]] = True
        if not _zero_on_zeros(call, call.path in makers):
            for labels in traced.effects[position].outputs:
                constant[traced.numbers[labels.units]] = True
    return constant | ~made


def _zero_on_zeros(call: Call, maker: bool) -> bool:
    return gives_zero(call, [True] * len(call.sources), silenced=maker)


def _input_units(channels: Channels) -> NDArray[np.int64]:
    """The units of the channels of the model's inputs, in order."""
    traced = channels.traced
    inputs = [
        traced.numbers[one.outputs[0].units.ravel()]
        for call, one in zip(traced.calls, traced.effects, strict=True)
        if call.kind == "InputLayer"
    ]
    return np.concatenate(inputs)


def _kernels(model: Any) -> Sequence[Any]:
    """Kernels and biases, the weights that relevance is about."""
    return [
        weight
        for layer in model._flatten_layers(include_self=False)
        if type(layer) in (keras.layers.Dense, keras.layers.Conv2D)
        for weight in layer.weights
    ]


def zeros_stay(model: Any) -> ZerosStay:
    """A penalty of the training loop that keeps the zeros of kernels and biases zero."""
    return ZerosStay(_kernels(model))


@dataclass(frozen=True)
class ThresholdPoint:
    """What one threshold leaves: the share of weights that are not zero, and the score of the model then."""

    threshold: float
    left: float
    score: float


def threshold_curve(
    model: Any, thresholds: Sequence[float], score: Callable[[Any], float]
) -> tuple[ThresholdPoint, ...]:
    """For each threshold what is left and what `score` says of the plain model, without any training after it.

    `score` gets one and the same model every time, with other weights.
    """
    zeroed = plain(model)
    pairs = [(old, new) for old, new in layer_pairs(model, zeroed) if getattr(old, "gaussians", ())]
    points = []
    for threshold in thresholds:
        for old, new in pairs:
            new.set_weights(means(old, threshold))
        arrays = [ops.convert_to_numpy(kernel) for kernel in _kernels(zeroed)]
        left = sum(np.count_nonzero(array) for array in arrays) / sum(array.size for array in arrays)
        points.append(ThresholdPoint(threshold, float(left), score(zeroed)))
    return tuple(points)
