"""What the workers of a coordinator note about their steps: it stays with each of them until it is asked for.

A result that a step gives back is fetched before the next step begins.
"""

from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from nas_cli.distributed.server_roles import WORKER

NAME = "steps"


@final
class StepLog:
    """Rows of `width` numbers on each of so many workers."""

    def __init__(self, workers: int, width: int) -> None:
        import tensorflow as tf

        self._workers, self._width = workers, width
        self._emptying = tf.function(self._emptied)

    def note(self, *numbers: Any) -> None:
        """In the graph of a step, on the worker that takes it: adds a row."""
        import tensorflow as tf

        row = tf.stack([tf.cast(number, tf.float64) for number in numbers])
        tf.raw_ops.QueueEnqueueV2(handle=self._queue(), components=[row])

    def take(self) -> list[NDArray[np.float64]]:
        """The rows of each worker `(steps, width)` since the last call."""
        import tensorflow as tf

        found = []
        for number in range(self._workers):
            with tf.device(f"/job:{WORKER}/replica:0/task:{number}"):
                found.append(self._emptying().numpy())
        return found

    def _emptied(self) -> Any:
        import tensorflow as tf

        size = tf.raw_ops.QueueSizeV2(handle=self._queue())
        return tf.raw_ops.QueueDequeueManyV2(handle=self._queue(), n=size, component_types=[tf.float64])[0]

    def _queue(self) -> Any:
        """The queue of the worker where this runs: each has one of this name."""
        import tensorflow as tf

        return tf.raw_ops.FIFOQueueV2(component_types=[tf.float64], shapes=[[self._width]], shared_name=NAME)
