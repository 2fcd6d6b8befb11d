"""Keras' batch normalisation with TensorFlow's fused kernel while a training step is traced.

Keras 3 composes it from a dozen operations in float32, each of which writes a whole feature map.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf


@contextmanager
def fused_batch_norm(model: Any) -> Iterator[None]:
    """Within the block, the model's batch normalisations on (batch, height, width, channels) compute fused.

    Same formula and statistics as Keras, mean and variance in float32 (moving variance without Bessel's correction);
    only the order of rounding differs. Layers that do anything else (masks, other axes, renorm, synchronised) stay.
    """
    layers = [layer for layer in model._flatten_layers() if _can_fuse(layer)]
    for layer in layers:
        object.__setattr__(layer, "call", _fused_call(layer))
    try:
        yield
    finally:
        for layer in layers:
            object.__delattr__(layer, "call")


def _can_fuse(layer: Any) -> bool:
    return (
        type(layer) is keras.layers.BatchNormalization
        and layer.trainable
        and layer.scale
        and layer.center
        and not layer.renorm
        and not layer.synchronized
        and len(layer.input_spec.axes or {}) == 1
        and layer.input_spec.ndim == 4
        and layer.axis in (-1, 3)
    )


def _fused_call(layer: Any) -> Callable[..., Any]:
    def call(inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if not training or mask is not None:
            return type(layer).call(layer, inputs, training=training, mask=mask)
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=tf.convert_to_tensor(layer.gamma.value),
            offset=tf.convert_to_tensor(layer.beta.value),
            mean=tf.constant([], tf.float32),
            variance=tf.constant([], tf.float32),
            epsilon=layer.epsilon,
            is_training=True,
        )
        # The kernel divides by n - 1, Keras by n.
        count = tf.cast(tf.size(inputs) // tf.shape(inputs)[-1], tf.float32)
        variance = variance * ((count - 1.0) / count)
        kept = layer.momentum
        layer.moving_mean.assign(layer.moving_mean * kept + mean * (1.0 - kept))
        layer.moving_variance.assign(layer.moving_variance * kept + variance * (1.0 - kept))
        return outputs

    return call
