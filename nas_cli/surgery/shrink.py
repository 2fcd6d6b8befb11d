"""A really smaller model without the removed channels."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nas_cli.models.adapted import give
from nas_cli.surgery.channels import find_channels
from nas_cli.surgery.effect import Alive, Effect
from nas_cli.surgery.keep import Keep
from nas_cli.surgery.rebuild import rebuild
from nas_cli.surgery.survival import survive


def shrink(model: Any, keep: Keep) -> Any:
    """A functional model of the same inputs and outputs with the surviving channels, weights and layer names.

    Nested models come out flat: 'stem/conv' is layer 'stem_conv'. A branch that lost all channels of one of its layers
    leaves the sum or the concatenation that it enters; a join with one operand left disappears. Weights, data types,
    initialisers, regularisers and trainable flags are those of the model; it is not compiled.

    Raises:
        ConfigError: as `find_channels` and `survive`.
    """
    survival = survive(find_channels(model), keep)
    rebuilt = rebuild(model, survival)
    traced = survival.channels.traced
    for position, layer in rebuilt.layers.items():
        if getattr(layer, "weights", ()):
            old = traced.calls[position].operation
            give(layer, _remaining(old.get_weights(), traced.effects[position], survival.alive))
    return rebuilt.model


def _remaining(values: Sequence[Any], one: Effect, alive: Alive) -> list[Any]:
    """A layer's weights without the entries of the units that go."""
    new = list(values)
    for position, axes in one.weights.items():
        for axis, units in axes.items():
            new[position] = np.repeat(new[position], alive[units].astype(np.int64), axis=axis)
    return new
