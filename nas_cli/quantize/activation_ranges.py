"""Where quantization-aware training starts: the ranges of a network's activations on a few examples."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf

from nas_cli.data.dataset import Split

BATCHES = 8


def start_ranges(model: Any, split: Split, batch_size: int, seed: int) -> None:
    """Sets the ranges in a model with tfmot's simulated quantisation to those of 8 batches of `split`, and 0.

    Activations are those of the network without any rounding. Ranges of weights are set by the first training step.
    """
    rows = np.sort(np.random.default_rng((seed, 0)).permutation(len(split))[: BATCHES * batch_size])
    with _observed(model):
        for start in range(0, len(rows), batch_size):
            x = np.asarray(split.x[rows[start : start + batch_size]], np.float32)
            model(tf.constant(x), training=False)


class _Observer:
    """In the place of a quantizer: rounds nothing and widens the range to what comes by."""

    def __init__(self) -> None:
        self._seen = False

    def __call__(self, inputs: Any, training: Any, weights: Mapping[str, Any], **kwargs: Any) -> Any:
        low, high = tf.minimum(tf.reduce_min(inputs), 0.0), tf.maximum(tf.reduce_max(inputs), 0.0)
        if self._seen:
            low, high = tf.minimum(low, weights["min_var"]), tf.maximum(high, weights["max_var"])
        weights["min_var"].assign(low)
        weights["max_var"].assign(high)
        self._seen = True
        return inputs


def _unrounded(inputs: Any, training: Any, weights: Mapping[str, Any], **kwargs: Any) -> Any:
    return inputs


@contextmanager
def _observed(model: Any) -> Iterator[None]:
    """Within the block every quantizer of an activation is an observer, and weights are not rounded."""
    kept: list[tuple[Any, str, Any]] = []

    def put(owner: Any, name: str, value: Any) -> None:
        kept.append((owner, name, getattr(owner, name)))
        object.__setattr__(owner, name, value)

    for layer in model.layers:
        if getattr(layer, "quantizer", None) is not None:
            put(layer, "quantizer", _Observer())
        for activation in getattr(layer, "_quantize_activations", ()):
            put(activation, "quantizer", _Observer())
        if getattr(layer, "_output_quantizers", None):
            put(layer, "_output_quantizers", [_Observer()])
        if getattr(layer, "_weight_vars", None):
            put(layer, "_weight_vars", [(weight, _unrounded, own) for weight, _, own in layer._weight_vars])
    try:
        yield
    finally:
        for owner, name, value in reversed(kept):
            object.__setattr__(owner, name, value)
