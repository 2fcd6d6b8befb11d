"""A training step of every mode: the same forward and backward pass, and plain gradient descent."""

from collections.abc import Callable, Sequence
from typing import Any

RATE = 0.01

GENERATOR = "seed_generator_state"
"""Keras' name for the state of a random generator."""

Average = Callable[[Sequence[Any]], Sequence[Any]]


def gradients(model: Any, images: Any, labels: Any) -> tuple[Any, list[Any]]:
    """(mean cross-entropy, its gradient for each trainable variable); traced into a graph."""
    import tensorflow as tf

    from nas_cli.training.fused_batch_norm import fused_batch_norm

    variables = trained(model)
    with fused_batch_norm(model), tf.GradientTape() as tape:
        tape.watch(variables)
        logits = model(images, training=True)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, tf.cast(logits, tf.float32))
        loss = tf.reduce_mean(losses)
    return loss, tape.gradient(loss, variables)


def trained(model: Any) -> list[Any]:
    """The TensorFlow variables under the model's trainable ones."""
    return [variable.value for variable in model.trainable_variables]


def learned(model: Any) -> list[Any]:
    """The Keras variables that training moves: the trainable ones, then the statistics of normalisations."""
    return [*model.trainable_variables, *(one for one in model.non_trainable_variables if "float" in one.dtype)]


def change(model: Any, values: Sequence[Any], images: Any, labels: Any) -> list[Any]:
    """What a step on these images adds to each of the `learned` variables where they have these `values`.

    The variables themselves are neither read nor written. Random generators start anew in every step, each worker's
    for itself.
    """
    import keras

    own = list(zip(learned(model), values, strict=True))
    others = [(one, _other(one)) for one in model.variables if all(one is not mine for mine, _ in own)]
    with keras.StatelessScope([*own, *others]) as scope:
        _, found = gradients(model, images, labels)
    moved = [scope.get_current_value(one) - value for one, value in own[len(found) :]]
    return [*(-RATE * gradient for gradient in found), *moved]


def _other(variable: Any) -> Any:
    import tensorflow as tf

    if variable.name == GENERATOR:
        # The seeds of tf.random would make it the same everywhere.
        return tf.cast(tf.raw_ops.RandomUniformInt(shape=variable.shape, minval=0, maxval=2**31 - 1), variable.dtype)
    with tf.init_scope():
        return tf.constant(variable.value.numpy())


def local_step(model: Any, images: Any, labels: Any, average: Average) -> Callable[[], float]:
    """A step of one process on its own batch, with `average` between the gradients and the update; gives the loss."""
    import tensorflow as tf

    def step(images: Any, labels: Any) -> Any:
        loss, found = gradients(model, images, labels)
        for variable, gradient in zip(trained(model), average(found), strict=True):
            variable.assign_sub(RATE * gradient)
        return loss

    compiled = tf.function(step, jit_compile=False)
    return lambda: float(compiled(images, labels))
