"""Several tensors as one, to be sent as one; in a graph or outside."""

from collections.abc import Sequence
from typing import Any


def joined(tensors: Sequence[Any]) -> Any:
    """The numbers of all `tensors`, which have one type, behind one another."""
    import tensorflow as tf

    return tf.concat([tf.reshape(tensor, [-1]) for tensor in tensors], 0)


def cut(flat: Any, shapes: Sequence[Sequence[int]]) -> list[Any]:
    """Tensors of `shapes`, of which `flat` is joined."""
    import tensorflow as tf

    parts = tf.split(flat, [int(tf.TensorShape(shape).num_elements()) for shape in shapes])
    return [tf.reshape(part, shape) for part, shape in zip(parts, shapes, strict=True)]
