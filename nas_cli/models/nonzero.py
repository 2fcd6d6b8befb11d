"""How many weights of a model are not zero."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

PACKED = ("kernel", "embeddings")
"""Weights of which Keras packs two int4 numbers into a byte."""


def nonzero_weights(model: Any) -> int:
    """The number of the model's parameters (as Keras counts them) that are not exactly zero.

    Batch norms' statistics and a Normalization's are parameters, states of random generators are none.
    """
    return sum(int(np.count_nonzero(values)) for _, values in stored_numbers(model))


def stored_numbers(model: Any) -> Iterator[tuple[str, NDArray[Any]]]:
    """(type, numbers) of each of the model's weights; of Keras' int4 the numbers, not the bytes that hold two each.

    Of int4 the number that stands for zero is subtracted.
    """
    layers = [layer for layer in model._flatten_layers(include_self=False) if quantized_to(layer) == "int4"]
    packed = {id(weight): layer for layer in layers for weight in layer.weights if weight.name in PACKED}
    for weight in model.weights:
        if id(weight) in packed:
            yield "int4", _unpacked(packed[id(weight)], weight.name)
        else:
            yield str(weight.dtype), np.asarray(weight)


def _unpacked(layer: Any, name: str) -> NDArray[Any]:
    numbers = np.asarray(getattr(layer, name), np.int64)
    zero = getattr(layer, f"{name}_zero", None)
    if name != "kernel" or zero is None or numbers.ndim != 2:
        return numbers
    # A zero for every block of inputs and output.
    return np.asarray(numbers - np.asarray(zero, np.int64)[np.asarray(layer.g_idx, np.int64)])


def quantized_to(layer: Any) -> str:
    """'int8' or 'int4' if Keras has quantized the layer, else ''."""
    return str(getattr(layer, "quantization_mode", None) or "").partition("/")[0]
