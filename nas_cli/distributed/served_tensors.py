"""Tensors of float32 on parameter servers, read and added to by workers in few messages."""

from collections.abc import Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from nas_cli.distributed.packing import cut, joined
from nas_cli.distributed.placement import dealt
from nas_cli.distributed.server_roles import SERVER


def server_device(server: int) -> str:
    """TensorFlow's name of the processor of a parameter server."""
    return f"/job:{SERVER}/replica:0/task:{server}/device:CPU:0"


@final
class ServedTensors:
    """Tensors that begin with `values`, placed by `nas_cli.distributed.placement.dealt`.

    A variable per bucket holds its tensors flat, behind one another. `pull`, `push` and `move` are for graphs; a
    reader sees each bucket before or after an addition, never between.
    """

    def __init__(self, values: Sequence[NDArray[Any]], servers: int) -> None:
        import tensorflow as tf

        self._shapes = [np.shape(value) for value in values]
        self._servers = servers
        self._buckets = dealt([4 * np.size(value) for value in values], servers)
        self._held = []
        for bucket in self._buckets:
            flat = np.concatenate([np.ravel(values[number]) for number in bucket.members]).astype(np.float32)
            with tf.device(server_device(bucket.server)):
                self._held.append(tf.Variable(flat, trainable=False))

    def zeros(self) -> "ServedTensors":
        """As many zeros, beside these on the same servers."""
        return ServedTensors([np.zeros(shape, np.float32) for shape in self._shapes], self._servers)

    def pull(self, after: Sequence[Any] = ()) -> list[Any]:
        """The tensors, where this is called; the servers read them when `after` is there."""
        import tensorflow as tf

        flats = []
        for held in self._held:
            # What waits is the reading alone: cutting up would wait too, on the worker, for a message of its own.
            with tf.control_dependencies(after), tf.device(held.device):
                flats.append(held.read_value())
        found: list[Any] = [None] * len(self._shapes)
        for bucket, flat in zip(self._buckets, flats, strict=True):
            shapes = [self._shapes[number] for number in bucket.members]
            for number, part in zip(bucket.members, cut(flat, shapes), strict=True):
                found[number] = part
        return found

    def push(self, changes: Sequence[Any]) -> list[Any]:
        """Operations that add `changes`, one for each tensor."""
        import tensorflow as tf

        return [
            held.assign_add(
                joined([tf.cast(changes[number], tf.float32) for number in bucket.members]), read_value=False
            )
            for bucket, held in zip(self._buckets, self._held, strict=True)
        ]

    def move(self, sums: "ServedTensors", count: int) -> list[Any]:
        """Operations that add a `count`-th of `sums`, which are zero again; all of it on the servers."""
        import tensorflow as tf

        done = []
        for held, total in zip(self._held, sums._held, strict=True):
            with tf.device(held.device):
                summed = total.read_value()
                moved = held.assign_add(summed / count, read_value=False)
                with tf.control_dependencies([moved]):
                    done.append(total.assign(tf.zeros_like(summed), read_value=False))
        return done

    def numpy(self) -> list[NDArray[np.float32]]:
        """What they hold now, asked for by the coordinator."""
        found: list[Any] = [None] * len(self._shapes)
        for bucket, held in zip(self._buckets, self._held, strict=True):
            shapes = [self._shapes[number] for number in bucket.members]
            parts = np.split(held.numpy(), np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1])
            for number, part, shape in zip(bucket.members, parts, shapes, strict=True):
                found[number] = part.reshape(shape)
        return found
