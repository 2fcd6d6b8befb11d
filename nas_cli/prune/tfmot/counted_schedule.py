"""tfmot's pruning schedules made exact: at every step the number of weights that the schedule's formula says."""

from collections.abc import Mapping, Sequence
from typing import Any

from nas_cli.models.tf_keras_library import tfmot_part


class CountedSchedule(tfmot_part("sparsity.keras.pruning_schedule").PruningSchedule):  # type: ignore[misc]
    """Prunes at given steps to given shares of a tensor of `size` elements (weights, or blocks of them).

    tfmot keeps round(n·(1 − s)) elements, computed in float32: where n·(1 − s) lies near a half, that is one more or
    one less than the same formula in double precision. Here s is moved to the share that keeps the exact number.
    `shares`: (step, share) as in `step_shares`, where an update follows its step; tfmot's is in front of the next one,
    and after the last of `steps` there is none: that update comes a step early. tfmot's own schedules end at the last
    multiple of their frequency, which need not have the final sparsity; this one prunes at exactly the steps given.
    """

    def __init__(self, shares: Sequence[tuple[int, float]], size: int, steps: int) -> None:
        self.shares, self.size, self.steps = tuple(shares), size, steps
        self._table: Mapping[int, float] = {min(step + 1, steps): self._moved(share) for step, share in shares}

    def _moved(self, share: float) -> float:
        return 1.0 - kept(self.size, share) / self.size

    def __call__(self, step: Any) -> tuple[Any, Any]:
        import tensorflow as tf

        steps = tf.constant(sorted(self._table), tf.int64)
        values = tf.constant([self._table[key] for key in sorted(self._table)], tf.float32)
        passed = tf.reduce_sum(tf.cast(steps <= tf.cast(step, tf.int64), tf.int32))
        current = tf.where(passed > 0, values[tf.maximum(passed - 1, 0)], 0.0)
        return tf.reduce_any(tf.equal(steps, tf.cast(step, tf.int64))), current

    def get_config(self) -> dict[str, Any]:
        config = {"shares": self.shares, "size": self.size, "steps": self.steps}
        return {"class_name": type(self).__name__, "config": config}


def kept(size: int, share: float) -> int:
    """round(size · (1 − share)), at least 1 as in tfmot: how many elements stay."""
    return max(1, round(size * (1 - share)))
