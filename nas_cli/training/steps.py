"""Many training or evaluation steps as one TensorFlow call.

A small network's step takes a few milliseconds; a call from Python, its callbacks and its input pipeline cost a good
part of that. Here a call takes a chunk of batches as raw arrays and loops over them inside the graph.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from nas_cli.data.dataset import Split
from nas_cli.distributed.ring import OneProcess, Ring
from nas_cli.distributed.share import share
from nas_cli.training.fused_batch_norm import fused_batch_norm
from nas_cli.training.losses import Objective
from nas_cli.training.penalty import Penalty, StatefulPenalty
from nas_cli.training.soft_targets import LABEL

Sums = tuple[NDArray[Any], NDArray[Any]]
"""Sums of losses and of scores over the examples of each step, (steps,): step by step, so that a total over an epoch
does not depend on how the steps were joined to chunks, which follows the clock."""


@final
class TrainSteps:
    """Gradient steps of one model with one optimizer; layers' own penalties (`model.losses`) are minimised too.

    `penalty` joins the loss and may change the weights after each step; it is in neither of the sums.
    Each process of a `ring` takes its share of every batch, and all take the same step: the gradient is that of the
    mean loss over the whole batch. Batch normalisation is over the share.
    `live`: from a step's inputs to further parts of its targets, which have no gradient.
    """

    def __init__(
        self,
        model: Any,
        objective: Objective,
        optimizer: Any,
        example: Split,
        jit_compile: bool,
        penalty: Penalty | None = None,
        ring: Ring | None = None,
        live: Callable[[Any], Mapping[str, Any]] | None = None,
    ) -> None:
        """`example`: a split with the shapes and types to come."""
        self._model = model
        self._objective = objective
        self._optimizer = optimizer
        self._penalty = penalty
        self._live = live
        self._ring: Ring = ring or OneProcess()
        self._variables = list(model.trainable_variables)
        optimizer.build(self._variables)
        signature = [*_signature(example), tf.TensorSpec((None,), tf.float32), tf.TensorSpec((), tf.float32)]
        self._run = tf.function(self._chunk, signature, autograph=False, jit_compile=jit_compile)

    def __call__(self, x: NDArray[Any], y: NDArray[Any], rates: NDArray[np.float32]) -> Sums:
        """The sums of each step: `x` (steps, batch, …), `y` (steps, batch), learning `rates` (steps,).

        All processes of the ring give the same arrays and get the same sums, those over the whole batches.
        """
        mine = share(y.shape[1], self._ring.rank, self._ring.size)
        tensors = _as_tensors(x[:, mine.rows], y[:, mine.rows])
        losses, scores = self._run(*tensors, tf.convert_to_tensor(rates), tf.constant(mine.weight, tf.float32))
        if self._ring.size == 1:
            return losses.numpy(), scores.numpy()
        given = [losses.numpy().tolist(), scores.numpy().tolist()] if mine.weight else None
        parts = [np.array(part) for part in self._ring.gather(given) if part is not None]
        return np.sum([part[0] for part in parts], axis=0), np.sum([part[1] for part in parts], axis=0)

    def _chunk(self, x: Any, y: Any, rates: Any, weight: Any) -> tuple[Any, Any]:
        with fused_batch_norm(self._model):
            return _loop(lambda i: self._step(x[i], _at(y, i), rates[i], weight), tf.shape(rates)[0])

    def _step(self, x: Any, y: Any, rate: Any, weight: Any) -> tuple[Any, Any]:
        self._optimizer.learning_rate = rate
        if self._live is not None:
            y = {LABEL: y, **self._live(tf.cast(x, tf.float32))}
        with tf.GradientTape() as tape:
            outputs = self._model(tf.cast(x, tf.float32), training=True)
            losses = self._objective.losses(outputs, y)
            penalties = [*self._model.losses] if self._penalty is None else [*self._model.losses, self._penalty.loss()]
            mean = tf.reduce_mean(losses) if self._ring.size == 1 else weight * tf.reduce_mean(losses)
            total = self._optimizer.scale_loss(tf.add_n([mean, *penalties]))
        gradients = self._ring.average(tape.gradient(total, [variable.value for variable in self._variables]))
        if isinstance(self._penalty, StatefulPenalty):
            gradients = [*self._penalty.on_gradients(gradients, self._variables)]
        self._optimizer.apply(gradients, self._variables)
        if self._penalty is not None:
            self._penalty.after_step(rate)
        return tf.reduce_sum(losses), tf.reduce_sum(self._objective.scores(outputs, y))


@final
class EvaluationSteps:
    """Loss and score of a model without changing it."""

    def __init__(self, model: Any, objective: Objective, example: Split, jit_compile: bool) -> None:
        """`example`: a split with the shapes and types to come."""
        self._model = model
        self._objective = objective
        self._run = tf.function(self._chunk, _signature(example), autograph=False, jit_compile=jit_compile)

    def __call__(self, x: NDArray[Any], y: NDArray[Any]) -> Sums:
        """The sums of each step: `x` (steps, batch, …), `y` (steps, batch)."""
        losses, scores = self._run(*_as_tensors(x, y))
        return losses.numpy(), scores.numpy()

    def _chunk(self, x: Any, y: Any) -> tuple[Any, Any]:
        return _loop(lambda i: self._step(x[i], y[i]), tf.shape(y)[0])

    def _step(self, x: Any, y: Any) -> tuple[Any, Any]:
        outputs = self._model(tf.cast(x, tf.float32), training=False)
        return tf.reduce_sum(self._objective.losses(outputs, y)), tf.reduce_sum(self._objective.scores(outputs, y))


def total(sums: NDArray[np.float32], before: float = 0.0) -> float:
    """`before` plus the sums, added in order in double precision."""
    for value in sums:
        before += float(value)
    return before


def prepared_optimizer(optimizer: Any, model: Any) -> Any:
    """The optimizer, with loss scaling if any layer computes in float16, whose gradients underflow otherwise."""
    if any(layer.compute_dtype == "float16" for layer in model._flatten_layers(include_self=False)):
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


def _as_tensors(x: NDArray[Any], y: NDArray[Any]) -> Sequence[Any]:
    """Records, labels with soft targets, become a tensor per part."""
    if y.dtype.names is None:
        return tf.convert_to_tensor(x), tf.convert_to_tensor(y)
    parts = {name: np.ascontiguousarray(y[name]) for name in y.dtype.names}
    return tf.convert_to_tensor(x), {name: tf.convert_to_tensor(part) for name, part in parts.items()}


def _at(y: Any, step: Any) -> Any:
    return {name: part[step] for name, part in y.items()} if isinstance(y, dict) else y[step]


def _signature(example: Split) -> Sequence[Any]:
    """One graph for chunks of any number of steps and batches of any size."""
    x = tf.TensorSpec((None, None, *example.x.shape[1:]), example.x.dtype)
    kind = example.y.dtype
    if kind.names is None:
        return x, tf.TensorSpec((None, None), kind)
    return x, {name: tf.TensorSpec((None, None, *kind[name].shape), kind[name].base) for name in kind.names}


def _loop(step: Callable[[Any], tuple[Any, Any]], count: Any) -> tuple[Any, Any]:
    def body(i: Any, losses: Any, scores: Any) -> tuple[Any, Any, Any]:
        loss, score = step(i)
        return i + 1, losses.write(i, loss), scores.write(i, score)

    # One iteration at a time: a step reads the weights that the step before wrote.
    start = (tf.constant(0), tf.TensorArray(tf.float32, count), tf.TensorArray(tf.float32, count))
    _, losses, scores = tf.while_loop(lambda i, *_: i < count, body, start, parallel_iterations=1)
    return losses.stack(), scores.stack()
