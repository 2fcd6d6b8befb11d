"""Gradients of the loss on training examples, batch by batch or example by example."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from nas_cli.data.batches import SMALLEST_REST, Batch
from nas_cli.data.dataset import Dataset
from nas_cli.training.losses import plain_objective

Arrays = Sequence[NDArray[Any]]


def example_batches(dataset: Dataset, batches: int, batch_size: int, seed: int) -> Iterator[Batch]:
    """So many batches of training examples drawn without repetition, as they are: no augmentation.

    Fewer where the training split has fewer; a smaller rest is left out, unless it is all there is.
    """
    order = np.random.default_rng(seed).permutation(len(dataset.train))[: batches * batch_size]
    whole = max(1, len(order) // batch_size)
    for number in range(whole):
        at = order[number * batch_size : (number + 1) * batch_size]
        yield np.asarray(dataset.train.x[at]), np.asarray(dataset.train.y[at])


def batch_gradients(
    model: Any, variables: Sequence[Any], dataset: Dataset, batches: int, batch_size: int, seed: int
) -> Iterator[Arrays]:
    """The gradient of the mean loss of each batch for each variable; zeros where the loss does not depend on it.

    The network is as it predicts: moving statistics in batch norms, no dropout. The loss is the plain one of the task,
    without smoothing or penalties.
    """
    objective = plain_objective(dataset)

    def gradient(x: Any, y: Any) -> Any:
        return _gradient(model, variables, lambda outputs: tf.reduce_mean(objective.losses(outputs, y)), x)

    compiled = tf.function(gradient, _signature(dataset), autograph=False)
    for x, y in example_batches(dataset, batches, batch_size, seed):
        yield [part.numpy() for part in compiled(x, y)]


def squared_gradients(
    model: Any, variables: Sequence[Any], dataset: Dataset, curvature: str, batches: int, batch_size: int, seed: int
) -> list[NDArray[np.float32]]:
    """h of each variable: the mean over examples of the square of each example's own gradient.

    fisher: of the loss for the example's label, the empirical Fisher diagonal. gauss_newton: for a label drawn from
    the network's own prediction (for regression: its value plus normal noise of variance ½), whose mean is the
    diagonal of the generalised Gauss-Newton matrix (Martens 2020, arXiv:1412.1193); one draw for each example.
    """
    objective = plain_objective(dataset)
    copies = SMALLEST_REST if _has_strided_pointwise(model) else 1

    def square(x: Any, y: Any, number: Any) -> Any:
        x = tf.repeat(x[None], copies, axis=0)

        def loss(outputs: Any) -> Any:
            if curvature == "gauss_newton":
                return tf.reduce_mean(_own_label_losses(dataset, outputs, tf.stack([seed, number])))
            return tf.reduce_mean(objective.losses(outputs, tf.repeat(y[None], copies, axis=0)))

        return [tf.square(part) for part in _gradient(model, variables, loss, x)]

    def summed(x: Any, y: Any, first: Any) -> Any:
        zeros = [tf.zeros(variable.shape, tf.float32) for variable in variables]

        def body(i: Any, sums: Any) -> Any:
            return i + 1, [total + part for total, part in zip(sums, square(x[i], y[i], first + i), strict=True)]

        return tf.while_loop(lambda i, _: i < tf.shape(x)[0], body, (tf.constant(0), zeros), parallel_iterations=1)[1]

    compiled = tf.function(summed, [*_signature(dataset), tf.TensorSpec((), tf.int32)], autograph=False)
    seen, total = 0, [np.zeros(tuple(variable.shape), np.float64) for variable in variables]
    for x, y in example_batches(dataset, batches, batch_size, seed):
        total = [before + part.numpy() for before, part in zip(total, compiled(x, y, seen), strict=True)]
        seen += len(y)
    return [(part / seen).astype(np.float32) for part in total]


def _gradient(model: Any, variables: Sequence[Any], loss: Callable[[Any], Any], x: Any) -> list[Any]:
    with tf.GradientTape() as tape:
        value = loss(model(tf.cast(x, tf.float32), training=False))
    found = tape.gradient(value, [variable.value for variable in variables])
    return [
        tf.zeros(variable.shape, tf.float32) if part is None else tf.cast(tf.convert_to_tensor(part), tf.float32)
        for variable, part in zip(variables, found, strict=True)
    ]


def _own_label_losses(dataset: Dataset, outputs: Any, seed: Any) -> Any:
    """The loss of each of equal examples for one label that is drawn from the network's own prediction."""
    outputs = tf.cast(outputs, tf.float32)
    if dataset.task == "regression":
        noise = tf.random.stateless_normal((), seed) * np.sqrt(0.5)
        return tf.square(outputs[:, 0] - tf.stop_gradient(outputs[:1, 0] + noise))
    label = tf.random.stateless_categorical(outputs[:1], 1, seed)[0]
    labels = tf.repeat(label, tf.shape(outputs)[0])
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, outputs)


def _has_strided_pointwise(model: Any) -> bool:
    """Whether the filter gradient of a single example may go wrong, see SMALLEST_REST; it is then taken of copies."""
    layers = model._flatten_layers(include_self=False)
    convolutions = [layer for layer in layers if hasattr(layer, "kernel_size") and hasattr(layer, "strides")]
    return any(set(layer.kernel_size) == {1} and set(layer.strides) != {1} for layer in convolutions)


def _signature(dataset: Dataset) -> list[Any]:
    x, y = dataset.train.x, dataset.train.y
    return [tf.TensorSpec((None, *x.shape[1:]), x.dtype), tf.TensorSpec((None,), y.dtype)]
