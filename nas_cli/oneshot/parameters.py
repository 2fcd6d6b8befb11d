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

    Updates norm by norm, and constants of their own for each, would be most of the operations of a supernet's step.
    """

    def __init__(self, moving: Any, widths: Sequence[int], of_batch: bool, update: bool) -> None:
        self._moving, self._widths, self._of_batch, self._update = moving, widths, of_batch, update
        self._means: dict[int, Any] = {}
        self._variances: dict[int, Any] = {}
        self._pixels: dict[int, int] = {}
        self._batch: Any = None
        self._empty = tf.constant([], tf.float32)
        self._constants: dict[tuple[int, float], Any] = {}
        if not of_batch:
            means, variances = tf.unstack(moving)
            self._given = list(zip(tf.split(means, widths), tf.split(variances, widths), strict=True))

    def __call__(self, norm: int, x: Any, scale: Any = None) -> Any:
        """x (batch, height, width, channels) normalised, times `scale` (channels,), which costs nothing here."""
        width = self._widths[norm]
        mean, variance = (self._empty, self._empty) if self._of_batch else self._given[norm]
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=x,
            scale=self._filled(width, 1.0) if scale is None else scale,
            offset=self._filled(width, 0.0),
            mean=mean,
            variance=variance,
            epsilon=BATCH_NORM_EPSILON,
            is_training=self._of_batch,
        )
        self._means[norm], self._variances[norm] = mean, variance
        self._pixels[norm] = x.shape[1] * x.shape[2]
        self._batch = tf.shape(x)[0] if self._batch is None else self._batch
        return outputs

    def _filled(self, width: int, value: float) -> Any:
        if (width, value) not in self._constants:
            self._constants[width, value] = tf.constant(value, tf.float32, (width,))
        return self._constants[width, value]

    def finish(self) -> None:
        """Moves the statistics, all at once, if this pass is to."""
        if not self._update:
            return
        order = range(len(self._widths))
        pixels = np.repeat([self._pixels[norm] for norm in order], self._widths).astype(np.float32)
        count = pixels * tf.cast(self._batch, tf.float32)
        # The kernel divides by n - 1, Keras by n.
        variances = tf.concat([self._variances[norm] for norm in order], 0) * ((count - 1.0) / count)
        seen = tf.stack([tf.concat([self._means[norm] for norm in order], 0), variances])
        self._moving.assign(self._moving * BATCH_NORM_MOMENTUM + tf.stop_gradient(seen) * (1.0 - BATCH_NORM_MOMENTUM))
