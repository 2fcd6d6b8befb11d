"""A model of the same form in which removed channels have no effect."""

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from nas_cli.costs.keras_graph import trace
from nas_cli.surgery.channels import find_channels
from nas_cli.surgery.keep import Keep
from nas_cli.surgery.survival import Survival, survive
from nas_cli.surgery.weights import settle

LEFT_ALONE = ("moving_variance", "variance")
"""Zero would divide by a small number; with the other three at zero it changes nothing."""


def mask(model: Any, keep: Keep) -> Any:
    """A copy of the model that computes what `shrink(model, keep)` computes, at its full size.

    Every weight that reads or makes a removed channel is zero: rows and columns of kernels, biases, scales and
    shifts; where a branch has lost all channels of one of its layers, all weights from there up to the sum or
    concatenation that it enters. The arrays are copied: training the result trains nothing else, and revives nothing
    unless gradients reach the zeros.

    Raises:
        ConfigError: as `find_channels` and `survive`.
    """
    survival = survive(find_channels(model), keep)
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    silent = _silent_layers(survival)
    traced = survival.channels.traced
    for call, one, twin in zip(traced.calls, traced.effects, trace(copy)[0], strict=True):
        for position, weight in enumerate(getattr(twin.operation, "weights", ())):
            if id(call.operation) in silent:
                _multiply(weight, np.zeros((), np.bool_))
            for axis, units in one.weights.get(position, {}).items():
                stays = survival.alive[units].astype(np.bool_)
                _multiply(weight, stays.reshape([-1 if place == axis else 1 for place in range(len(weight.shape))]))
        settle(twin.operation)
    return copy


def _silent_layers(survival: Survival) -> set[int]:
    """Layers all of whose calls give nothing."""
    full: set[int] = set()
    empty: set[int] = set()
    for position, call in enumerate(survival.channels.traced.calls):
        outputs = range(len(survival.channels.traced.effects[position].outputs))
        some = any(survival.full((position, index)) for index in outputs)
        (full if some else empty).add(id(call.operation))
    return empty - full


def _multiply(weight: Any, stays: NDArray[np.bool_]) -> None:
    if weight.name not in LEFT_ALONE and not stays.all():
        weight.assign(np.where(stays, weight.numpy(), 0))
