"""Weights of layers that were adapted to data: Normalization keeps what it computes with apart from its weights."""

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


def settle_all(model: Any) -> None:
    """Do so with every layer of a model, nested ones included; call it after weights were assigned one by one."""
    for layer in model._flatten_layers(include_self=False):
        settle(layer)


def fresh(model: Any) -> Any:
    """A copy of the model with weights drawn anew, but the statistics of its data.

    A Normalization adapted to the inputs is preprocessing: no training would bring it back.
    """
    import keras

    copy = keras.models.clone_model(model)
    for given, wanted in zip(_adapted(model), _adapted(copy), strict=True):
        give(wanted, given.get_weights())
    return copy


def _adapted(model: Any) -> list[Any]:
    return [layer for layer in model._flatten_layers(include_self=False) if hasattr(layer, "finalize_state")]
