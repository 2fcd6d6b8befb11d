"""The variables of a supernet: kernels, and one variable with the moving statistics of all its batch norms."""

from collections.abc import Sequence
from typing import Any, final

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from nas_cli.models.builder import BATCH_NORM_EPSILON, BATCH_NORM_MOMENTUM

Array = NDArray[Any]


@final
class Parameters:
    """What layers take their variables from while they are made, in order, with values drawn from one seed."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self.trainable: list[Any] = []
        self._widths: list[int] = []
        self._moving: Any = None

    def glorot(self, shape: Sequence[int], fan_in: int, fan_out: int, name: str) -> Any:
        """A variable with Glorot's uniform distribution for one kernel of the given fans, of which it may hold many."""
        limit = np.sqrt(6.0 / (fan_in + fan_out))
        return self._trainable(self._rng.uniform(-limit, limit, shape), name)

    def zeros(self, shape: Sequence[int], name: str) -> Any:
        """A variable of zeros."""
        return self._trainable(np.zeros(shape), name)

    def logits(self, edges: int, operations: int, deviation: float, name: str) -> Any:
        """A variable N(0, deviation²) that is not among the trainable ones."""
        return tf.Variable(self._rng.normal(0.0, deviation, (edges, operations)), dtype=tf.float32, name=name)

    def norm(self, channels: int) -> int:
        """The number of a batch norm of so many channels."""
        self._widths.append(channels)
        return len(self._widths) - 1

    @property
    def moving(self) -> Any:
        """Means and variances (2, channels of all norms), made when all norms are known."""
        if self._moving is None:
            start = np.stack([np.zeros(sum(self._widths)), np.ones(sum(self._widths))])
            self._moving = tf.Variable(start, dtype=tf.float32, trainable=False, name="moving_statistics")
        return self._moving

    def norms(self, training: bool, by_batch: bool = False) -> "Norms":
        """The batch norms for one forward pass."""
        return Norms(self.moving, self._widths, training or by_batch, training)

    def statistics(self, norm: int, edge: int = 0, channels: int | None = None) -> list[Array]:
        """[mean, variance] of a norm; of `channels` of it, those of one edge, if given."""
        width = self._widths[norm] if channels is None else channels
        start = sum(self._widths[:norm]) + edge * width
        return [np.array(row) for row in self.moving.numpy()[:, start : start + width]]

    def _trainable(self, value: Array, name: str) -> Any:
        self.trainable.append(tf.Variable(value, dtype=tf.float32, name=name))
        return self.trainable[-1]


@final
class Norms:
    """Batch normalisation without trained scale and offset; all norms' moving statistics change in one assignment.

    An update for each norm would be most of the operations of a small supernet's step.
    """

    def __init__(self, moving: Any, widths: Sequence[int], of_batch: bool, update: bool) -> None:
        self._moving, self._widths, self._of_batch, self._update = moving, widths, of_batch, update
        self._seen: dict[int, Any] = {}
        self._parts: Sequence[Any] = () if of_batch else tf.split(moving, widths, axis=1)

    def __call__(self, norm: int, x: Any, scale: Any = None) -> Any:
        """x (batch, height, width, channels) normalised, times `scale` (channels,), which costs nothing here."""
        width = self._widths[norm]
        scale = tf.ones((width,), tf.float32) if scale is None else scale
        empty = tf.constant([], tf.float32)
        mean, variance = (empty, empty) if self._of_batch else tf.unstack(self._parts[norm])
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=x,
            scale=scale,
            offset=tf.zeros((width,), tf.float32),
            mean=mean,
            variance=variance,
            epsilon=BATCH_NORM_EPSILON,
            is_training=self._of_batch,
        )
        if self._update:
            # The kernel divides by n - 1, Keras by n.
            count = tf.cast(tf.size(x) // width, tf.float32)
            self._seen[norm] = tf.stack([mean, variance * ((count - 1.0) / count)])
        return outputs

    def finish(self) -> None:
        """Moves the statistics, all at once, if this pass is to."""
        if self._update:
            seen = tf.stop_gradient(tf.concat([self._seen[norm] for norm in range(len(self._widths))], axis=1))
            self._moving.assign(self._moving * BATCH_NORM_MOMENTUM + seen * (1.0 - BATCH_NORM_MOMENTUM))
