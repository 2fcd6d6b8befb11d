"""Images and labels that are drawn once: what is timed is training, not reading."""

from collections.abc import Iterable
from typing import Any


def shares(numbers: Iterable[int], batch: int, image_size: int, classes: int, seed: int) -> tuple[Any, Any]:
    """(images, labels) of the shares with these numbers, stacked: `(shares, batch, side, side, 3)` of float32 in
    [0, 1), and `(shares, batch)` of int32.

    A share depends on its number and the seed alone, whichever process draws it.
    """
    import tensorflow as tf

    images, labels = [], []
    for number in numbers:
        shape = (batch, image_size, image_size, 3)
        images.append(tf.random.stateless_uniform(shape, (seed, 2 * number)))
        labels.append(tf.random.stateless_uniform((batch,), (seed, 2 * number + 1), 0, classes, tf.int32))
    return tf.stack(images), tf.stack(labels)


def one_batch(numbers: Iterable[int], batch: int, image_size: int, classes: int, seed: int) -> tuple[Any, Any]:
    """The shares behind one another, as the batch of one process."""
    import tensorflow as tf

    images, labels = shares(numbers, batch, image_size, classes, seed)
    return tf.reshape(images, (-1, *images.shape[2:])), tf.reshape(labels, (-1,))
