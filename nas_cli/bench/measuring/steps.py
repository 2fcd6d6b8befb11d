"""A training step of every mode: the same forward and backward pass, and plain gradient descent."""

from collections.abc import Callable, Sequence
from typing import Any

RATE = 0.01

Average = Callable[[Sequence[Any]], Sequence[Any]]


def gradients(model: Any, images: Any, labels: Any) -> tuple[Any, list[Any]]:
    """(mean cross-entropy, its gradient for each trainable variable); traced into a graph."""
    import tensorflow as tf

    from nas_cli.training.fused_batch_norm import fused_batch_norm

    variables = trained(model)
    with fused_batch_norm(model), tf.GradientTape() as tape:
        logits = model(images, training=True)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, tf.cast(logits, tf.float32))
        loss = tf.reduce_mean(losses)
    return loss, tape.gradient(loss, variables)


def trained(model: Any) -> list[Any]:
    """The TensorFlow variables under the model's trainable ones."""
    return [variable.value for variable in model.trainable_variables]


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
