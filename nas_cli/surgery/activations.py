"""Which activation functions work on each channel alone."""

from typing import Any

from nas_cli.errors import ConfigError
from nas_cli.surgery.effect import Context

MIXING = frozenset({"softmax", "log_softmax", "sparsemax"})
"""Normalise over the last axis."""

HALVING = frozenset({"glu"})
LAYERS = frozenset({"ReLU", "LeakyReLU", "ELU"})
"""Activation layers without weights, which Keras also takes as another layer's `activation`."""


def check_activation(context: Context, activation: Any) -> bool:
    """Whether the activation mixes the channels of the last axis.

    Raises:
        ConfigError: naming the layer, if it is a function of the user's own, or a layer with weights.
    """
    if activation is None:
        return False
    if type(activation).__name__ in LAYERS and type(activation).__module__.startswith("keras."):
        return False
    name, module = getattr(activation, "__name__", type(activation).__name__), getattr(activation, "__module__", "")
    if not str(module).startswith("keras.") or not hasattr(activation, "__name__") or name in HALVING:
        raise ConfigError(
            f"layer '{context.path}' has the activation {module}.{name}, of which it is not known whether it mixes "
            "channels: use one of keras.activations, or a layer of its own."
        )
    return name in MIXING
