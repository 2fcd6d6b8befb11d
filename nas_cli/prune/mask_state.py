"""Masks as variables that steps of a training change."""

from collections.abc import Sequence
from typing import Any, final

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from nas_cli.prune.masks import Masks
from nas_cli.prune.weights import Weight


@final
class MaskState:
    """The masks of some kernels, 1 where a weight is there, and the number of steps done."""

    def __init__(self, weights: Sequence[Weight], masks: Masks) -> None:
        self.weights = tuple(weights)
        self.step = keras.Variable(0, dtype="int32", trainable=False, name="step")
        self.masks = [
            keras.Variable(masks[weight.path].astype(np.float32), dtype="float32", trainable=False, name="mask")
            for weight in weights
        ]

    @property
    def variables(self) -> list[Any]:
        """For a checkpoint."""
        return [self.step, *self.masks]

    def apply(self) -> None:
        """Sets the weights that are not in the masks to zero."""
        for weight, mask in zip(self.weights, self.masks, strict=True):
            weight.variable.assign(only(weight, mask.value > 0.5))

    def as_arrays(self) -> dict[str, NDArray[np.bool_]]:
        """The masks at this moment."""
        return {one.path: np.asarray(mask) > 0 for one, mask in zip(self.weights, self.masks, strict=True)}


def only(weight: Weight, there: Any) -> Any:
    """A kernel's values where `there` is true, else zero: 0.0, while a product could give -0.0."""
    return tf.where(there, weight.variable.value, tf.zeros((), weight.variable.dtype))


def largest_in_graph(scores: Any, count: Any) -> Any:
    """bool, in the shape of `scores`: the `count` largest, of equal ones the first; `masks.largest` inside a graph."""
    order = tf.argsort(tf.reshape(scores, (-1,)), direction="DESCENDING", stable=True)
    ranks = tf.scatter_nd(order[:, None], tf.range(tf.size(order)), (tf.size(order),))
    return tf.reshape(ranks < tf.cast(count, tf.int32), tf.shape(scores))
