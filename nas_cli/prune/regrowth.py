"""Sparse training: weights go where they are small and come back elsewhere."""

import math
from collections.abc import Sequence
from typing import Any, final

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from nas_cli.prune.mask_state import MaskState, largest_in_graph, only
from nas_cli.prune.masks import Masks
from nas_cli.prune.settings import PruneSettings
from nas_cli.prune.weights import Weight


def exchanged(settings: PruneSettings, step: int, steps: int, present: int, absent: int) -> int:
    """How many weights of a kernel go and come after a step: drop_fraction/2·(1 + cos(π·step/T)) of those present.

    T = `until`·steps, the last step with an exchange; never more than are absent (Evci et al. 2020, appendix).
    """
    last = settings.until * steps
    if step % settings.update_every or step > last:
        return 0
    share = settings.drop_fraction / 2 * (1 + math.cos(math.pi * step / last))
    return min(round(share * present), absent)


@final
class Regrowth:
    """RigL (Evci et al. 2020, arXiv:1911.11134, Algorithm 1) and SET (Mocanu et al. 2018, arXiv:1707.04780).

    Every `update_every` steps each kernel drops the weights of smallest |w| and takes as many others in, which start
    at zero: with rigl those of the largest |gradient| in this step's batch, with set random ones. The number of
    weights never changes. Between, the optimizer gets no gradient for absent weights, so that its averages hold
    nothing of them.

    Deviations: an optimizer step is made in steps with an exchange too (RigL leaves it out), and what has just been
    dropped is not taken in at once. SET as here drops the smallest |w|, not the smallest positive and the largest
    negative ones, and by the same schedule.
    """

    def __init__(self, weights: Sequence[Weight], masks: Masks, settings: PruneSettings, steps: int, seed: int) -> None:
        """`steps`: of the training."""
        self._state = MaskState(weights, masks)
        self._rigl, self._seed = settings.regrow == "rigl", seed
        at = range(settings.update_every, int(settings.until * steps) + 1, settings.update_every)
        self._steps = np.array([0, *at], np.int32)
        self._counts = [_counts(masks[weight.path], settings, at, steps) for weight in weights]
        self._gradients: list[Any] = []

    @property
    def variables(self) -> Sequence[Any]:
        return self._state.variables

    def loss(self) -> Any:
        return tf.zeros((), tf.float32)

    def on_gradients(self, gradients: Sequence[Any], variables: Sequence[Any]) -> Sequence[Any]:
        places = {id(variable): place for place, variable in enumerate(variables)}
        changed = list(gradients)
        self._gradients = []
        for weight, mask in zip(self._state.weights, self._state.masks, strict=True):
            place = places[id(weight.variable)]
            self._gradients.append(gradients[place])
            changed[place] = gradients[place] * tf.cast(mask.value, gradients[place].dtype)
        return changed

    def after_step(self, learning_rate: Any) -> None:
        state = self._state
        state.apply()
        state.step.assign(state.step + 1)
        due = tf.equal(self._steps, state.step.value)
        tf.cond(tf.reduce_any(due), lambda: self._exchange(due), lambda: tf.constant(False))

    def _exchange(self, due: Any) -> Any:
        for place, (weight, mask) in enumerate(zip(self._state.weights, self._state.masks, strict=True)):
            count = tf.reduce_sum(tf.where(due, self._counts[place], 0))
            there = mask.value > 0.5
            small = tf.where(there, -tf.abs(tf.cast(weight.variable.value, tf.float32)), -np.inf)
            wanted = tf.where(there, -np.inf, self._wanted(place, weight))
            kept = there & ~largest_in_graph(small, count)
            mask.assign(tf.cast(kept | largest_in_graph(wanted, count), tf.float32))
            weight.variable.assign(only(weight, kept))
        return tf.constant(True)

    def _wanted(self, place: int, weight: Weight) -> Any:
        """By what absent weights are taken in."""
        if self._rigl:
            return tf.abs(tf.cast(self._gradients[place], tf.float32))
        seed = tf.stack([(self._seed + place) % 2**31, self._state.step.value])
        return tf.random.stateless_uniform(weight.shape, seed)

    def masks(self) -> dict[str, NDArray[np.bool_]]:
        return self._state.as_arrays()


def _counts(mask: NDArray[np.bool_], settings: PruneSettings, at: Sequence[int], steps: int) -> NDArray[np.int32]:
    """What a kernel exchanges after each of these steps, after none for the step 0 that stands in front."""
    present = int(mask.sum())
    absent = mask.size - present
    return np.array([0, *(exchanged(settings, step, steps, present, absent) for step in at)], np.int32)
