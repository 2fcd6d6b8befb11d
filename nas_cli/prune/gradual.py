"""Magnitude pruning inside one training."""

from collections.abc import Sequence
from typing import Any, final

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from nas_cli.prune.mask_state import MaskState, largest_in_graph
from nas_cli.prune.masks import apply_masks, full_masks, largest
from nas_cli.prune.schedule import step_shares
from nas_cli.prune.settings import PruneSettings
from nas_cli.prune.spread import kept_counts
from nas_cli.prune.weights import Weight


@final
class GradualPruning:
    """Every few steps each kernel keeps its largest |w|, fewer and fewer (Zhu & Gupta 2017, arXiv:1710.01878).

    What is gone stays gone: zeros are never among the largest. An update before the first step is made at once.
    """

    def __init__(self, weights: Sequence[Weight], settings: PruneSettings, steps: int) -> None:
        """`steps`: of the training."""
        updates = step_shares(settings, steps)
        shares = [share for _, share in updates]
        counts = falling_counts(weights, settings, shares)
        masks = full_masks(weights)
        if updates[0][0] == 0:
            masks = {one.path: largest(np.abs(one.variable), counts[0][one.path]) for one in weights}
            apply_masks(weights, masks)
        self._state = MaskState(weights, masks)
        self._steps = np.array([step for step, _ in updates], np.int32)
        self._counts = {one.path: np.array([count[one.path] for count in counts], np.int32) for one in weights}

    @property
    def variables(self) -> Sequence[Any]:
        return self._state.variables

    def loss(self) -> Any:
        return tf.zeros((), tf.float32)

    def on_gradients(self, gradients: Sequence[Any], variables: Sequence[Any]) -> Sequence[Any]:
        return gradients

    def after_step(self, learning_rate: Any) -> None:
        state = self._state
        state.apply()
        state.step.assign(state.step + 1)
        due = tf.equal(self._steps, state.step.value)
        tf.cond(tf.reduce_any(due), lambda: self._update(due), lambda: tf.constant(False))
        state.apply()

    def _update(self, due: Any) -> Any:
        for weight, mask in zip(self._state.weights, self._state.masks, strict=True):
            count = tf.reduce_sum(tf.where(due, self._counts[weight.path], 0))
            mask.assign(tf.cast(largest_in_graph(tf.abs(weight.variable.value), count), tf.float32))
        return tf.constant(True)

    def masks(self) -> dict[str, NDArray[np.bool_]]:
        return self._state.as_arrays()


def falling_counts(weights: Sequence[Weight], settings: PruneSettings, shares: Sequence[float]) -> list[dict[str, int]]:
    """What each kernel keeps after each update, never more than after the one before."""
    counts: list[dict[str, int]] = []
    for number in range(len(shares)):
        present = counts[-1] if counts else None
        counts.append(kept_counts(weights, settings, shares[: number + 1], present=present))
    return counts
