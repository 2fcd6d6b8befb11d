"""Keras optimizers whose update of one weight is one TensorFlow kernel instead of ten.

Small networks on a processor spend a tenth of a step in those ten: each reads and writes the whole weight.
"""

from typing import Any, final

import keras
import tensorflow as tf


def _handle(variable: Any) -> Any:
    """The resource handle of a Keras variable or of the TensorFlow variable in it."""
    return variable.value.handle if isinstance(variable, keras.Variable) else variable.handle


def _apply_adam(optimizer: Any, gradient: Any, variable: Any, learning_rate: Any) -> None:
    """m ← m + (1−β₁)(g−m); v ← v + (1−β₂)(g²−v); w ← w − η·√(1−β₂ᵗ)/(1−β₁ᵗ)·m/(√v + ε) (Kingma & Ba 2015)."""
    index = optimizer._get_variable_index(variable)
    step = tf.cast(optimizer.iterations + 1, tf.float32)
    tf.raw_ops.ResourceApplyAdam(
        var=_handle(variable),
        m=_handle(optimizer._momentums[index]),
        v=_handle(optimizer._velocities[index]),
        beta1_power=tf.pow(tf.constant(optimizer.beta_1, tf.float32), step),
        beta2_power=tf.pow(tf.constant(optimizer.beta_2, tf.float32), step),
        lr=tf.cast(learning_rate, tf.float32),
        beta1=optimizer.beta_1,
        beta2=optimizer.beta_2,
        epsilon=optimizer.epsilon,
        grad=tf.cast(gradient, tf.float32),
    )


@final
class FusedAdam(keras.optimizers.Adam):  # type: ignore[misc]
    """Adam for float32 weights."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        _apply_adam(self, gradient, variable, learning_rate)


@final
class FusedAdamW(keras.optimizers.AdamW):  # type: ignore[misc]
    """Adam with decoupled weight decay for float32 weights; Keras applies the decay before this step."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        _apply_adam(self, gradient, variable, learning_rate)


@final
class FusedSGD(keras.optimizers.SGD):  # type: ignore[misc]
    """SGD with momentum, or Nesterov's, for float32 weights: m ← μ·m − η·g; w ← w + m, or w + μ·m − η·g."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        if not self.momentum:
            super().update_step(gradient, variable, learning_rate)
            return
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=_handle(variable),
            accum=_handle(self.momentums[self._get_variable_index(variable)]),
            lr=tf.cast(learning_rate, tf.float32),
            grad=tf.cast(gradient, tf.float32),
            momentum=self.momentum,
            use_nesterov=self.nesterov,
        )
