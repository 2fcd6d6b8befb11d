"""Gradient descent with momentum whose next step can be written down without being taken."""

from collections.abc import Sequence
from typing import Any, final

import tensorflow as tf

Tensor = Any


@final
class MomentumSGD:
    """SGD with momentum μ and weight decay d: m ← μ·m + (g + d·w); w ← w − η·f·m.

    The form that DARTS uses (decay inside the momentum, rate outside); Keras' SGD has the rate inside m and decays
    weights directly. `factors`: f of each weight, 1 by default. Gradients are clipped to a global norm first.
    """

    def __init__(
        self,
        learning_rate: float,
        momentum: float = 0.0,
        decay: float = 0.0,
        clip_norm: float | None = None,
        factors: Sequence[float] | None = None,
    ) -> None:
        self.learning_rate = tf.Variable(learning_rate, trainable=False, dtype=tf.float64)
        self._momentum = momentum
        self._decay = decay
        self._clip_norm = clip_norm
        self._factors = factors
        self._buffers: list[Any] = []

    @property
    def variables(self) -> list[Any]:
        """The state: the learning rate, and m of each weight."""
        return [self.learning_rate, *self._buffers]

    def build(self, weights: Sequence[Any]) -> None:
        """Makes the momenta of these weights, zero."""
        if not self._buffers:
            self._buffers = [tf.Variable(tf.zeros_like(weight), trainable=False) for weight in weights]

    def apply(self, gradients: Sequence[Tensor], weights: Sequence[Any]) -> None:
        """One step."""
        clipped = gradients if self._clip_norm is None else tf.clip_by_global_norm(gradients, self._clip_norm)[0]
        moments = self._moments(clipped, weights)
        for buffer, moment, change, weight in zip(
            self._buffers, moments, self.directions(moments), weights, strict=True
        ):
            buffer.assign(moment)
            weight.assign_sub(self._rate(weight) * change)

    def unrolled(self, gradients: Sequence[Tensor], weights: Sequence[Any]) -> list[Tensor]:
        """The weights after one step that is not taken: w − η·f·(μ·m + g + d·w).

        Without the clipping, whose derivative the unrolled architecture gradient leaves out, as DARTS does.
        """
        changes = self.directions(self._moments(gradients, weights))
        return [weight - self._rate(weight) * change for weight, change in zip(weights, changes, strict=True)]

    def directions(self, values: Sequence[Tensor]) -> list[Tensor]:
        """Each value times the factor of its weight."""
        if self._factors is None:
            return list(values)
        return [value * tf.cast(factor, value.dtype) for value, factor in zip(values, self._factors, strict=True)]

    def _rate(self, weight: Any) -> Tensor:
        return tf.cast(self.learning_rate, weight.dtype)

    def _moments(self, gradients: Sequence[Tensor], weights: Sequence[Any]) -> list[Tensor]:
        return [
            self._momentum * buffer + gradient + self._decay * weight
            for buffer, gradient, weight in zip(self._buffers, gradients, weights, strict=True)
        ]
