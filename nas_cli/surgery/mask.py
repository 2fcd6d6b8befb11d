"""A model of the same form in which removed channels have no effect."""

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from nas_cli.costs.keras_graph import Call, trace
from nas_cli.models.adapted import settle
from nas_cli.surgery.affine import SUMMED
from nas_cli.surgery.channels import find_channels
from nas_cli.surgery.keep import Keep
from nas_cli.surgery.survival import Survival, survive

DIVERGING = frozenset(
    "Log Log2 Log10 Reciprocal Rsqrt Divide TrueDivide FloorDivide Power Normalize UnitNormalization".split()
)
"""Calls that may give infinity or no number on zeros, which a reader's zero would not make zero again."""

LEFT_ALONE = ("moving_variance", "variance")
"""Zero would divide by a small number; with the other three at zero it changes nothing."""


def mask(model: Any, keep: Keep) -> Any:
    """A copy of the model that computes what `shrink(model, keep)` computes, at its full size.

    Every weight that reads or makes a removed channel is zero: rows and columns of kernels, biases, scales and
    shifts; where a branch has lost all channels of one of its layers, all weights from there up to the sum or
    concatenation that it enters. What makes a removed channel is left as it is where the channel passes a logarithm or
    a division, which zeros would make infinite: only its readers are zeroed then. The arrays are copied: training the
    result trains nothing else, and revives nothing unless gradients reach the zeros.

    Raises:
        ConfigError: as `find_channels` and `survive`.
    """
    survival = survive(find_channels(model), keep)
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    silent = _silent_layers(survival)
    traced = survival.channels.traced
    diverging = _diverging(survival)
    for call, one, twin in zip(traced.calls, traced.effects, trace(copy)[0], strict=True):
        for position, weight in enumerate(getattr(twin.operation, "weights", ())):
            if id(call.operation) in silent:
                _multiply(weight, np.zeros((), np.bool_))
            for axis, units in one.weights.get(position, {}).items():
                stays = survival.alive[units].astype(np.bool_)
                if not _reads(call, position, axis, len(weight.shape)):
                    stays |= diverging[units]
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


def _diverging(survival: Survival) -> NDArray[np.bool_]:
    """By the ledger's numbers: whether channels of the unit pass a call that may not take zeros."""
    traced = survival.channels.traced
    found = np.zeros(survival.channels.units, np.bool_)
    for call in traced.calls:
        if call.kind in DIVERGING:
            for source in call.sources:
                found[traced.numbers[traced.labels(source).units]] = True
    passing: NDArray[np.bool_] = found[traced.numbers]
    return passing


def _reads(call: Call, position: int, axis: int, rank: int) -> bool:
    """Whether the axis of the weight is one over which the layer sums."""
    return SUMMED.get(call.kind) == (position, axis - rank) and getattr(call.operation, "groups", 1) == 1


def _multiply(weight: Any, stays: NDArray[np.bool_]) -> None:
    if weight.name not in LEFT_ALONE and not stays.all():
        weight.assign(np.where(stays, weight.numpy(), 0))
