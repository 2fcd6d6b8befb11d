"""Giving a layer the weights of another."""

from collections.abc import Sequence
from typing import Any


def give(layer: Any, values: Sequence[Any]) -> None:
    """Set the layer's weights, and what it derives from them."""
    layer.set_weights(values)
    settle(layer)


def settle(layer: Any) -> None:
    """Let a Normalization compute with the statistics in its weights: Keras copies them only when told so."""
    if hasattr(layer, "finalize_state"):
        layer.finalize_state()
