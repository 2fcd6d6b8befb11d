"""Single networks of a supernet, with its weights: training them in turn, and scoring them without training."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, final

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from nas_cli.distributed.ring import OneProcess, Ring
from nas_cli.oneshot.supernet import Supernet
from nas_cli.spaces.decision_space import DecisionSpace, Values

Batch = tuple[NDArray[Any], NDArray[Any]]


@final
class Sampled:
    """One network of the space at a time, as a gamma of ones and zeros on the supernet.

    Weights are trained on a network drawn uniformly for each batch, as in single-path one-shot search (Guo et al. 2020,
    arXiv:1904.00420) and the weight sharing of ENAS (Pham et al. 2018). One graph serves all networks: all operations
    are computed, so that a step takes as long as any step of the supernet, but nothing is ever traced again.

    Batch norms use the statistics of the batch, in scoring too, since moving ones would be those of a mixture of
    networks; scores depend on the batches by that.
    """

    def __init__(
        self,
        supernet: Supernet,
        losses: Callable[[Any, Any], Any],
        scores: Callable[[Any, Any], Any],
        optimizer: Any = None,
        ring: Ring | None = None,
        jit_compile: bool = False,
    ) -> None:
        """`losses` and `scores` (outputs, y) are per example, as those of `nas_cli.training.losses.Objective`;
        `optimizer`, for training, is Keras'."""
        self._supernet, self._losses, self._scores, self._optimizer = supernet, losses, scores, optimizer
        self._ring: Ring = ring or OneProcess()
        if optimizer is not None:
            optimizer.build(supernet.trainable_weights)
        self._train = tf.function(self._train_step, autograph=False, jit_compile=jit_compile, reduce_retracing=True)
        self._look = tf.function(self._score_step, autograph=False, jit_compile=jit_compile, reduce_retracing=True)

    def train(self, genotype: Values, batch: Batch, rate: float) -> tuple[float, float]:
        """(mean loss, mean score) of a network on a batch (x, y), then a step of its weights at this learning rate."""
        gamma = self._gamma(genotype)
        loss, score = self._train(*_tensors(batch), gamma, tf.constant(rate, tf.float32))
        return float(loss), float(score)

    def score(self, genotype: Values, batches: Iterable[Batch]) -> float:
        """The mean score of a network's examples with the supernet's weights; changes nothing."""
        gamma, total, seen = self._gamma(genotype), 0.0, 0
        for batch in batches:
            total += float(self._look(*_tensors(batch), gamma))
            seen += len(batch[1])
        return total / seen

    def _gamma(self, genotype: Values) -> list[Any]:
        return [tf.convert_to_tensor(matrix) for matrix in self._supernet.one_hot(genotype)]

    def _train_step(self, x: Any, y: Any, gamma: Sequence[Any], rate: Any) -> tuple[Any, Any]:
        weights = self._supernet.trainable_weights
        with tf.GradientTape() as tape:
            outputs = self._supernet(tf.cast(x, tf.float32), gamma, training=True)
            loss = tf.reduce_mean(self._losses(outputs, y))
        gradients = self._ring.average(
            [_dense(g, w) for g, w in zip(tape.gradient(loss, weights), weights, strict=True)]
        )
        self._optimizer.learning_rate = rate
        self._optimizer.apply(gradients, weights)
        return loss, tf.reduce_mean(self._scores(outputs, y))

    def _score_step(self, x: Any, y: Any, gamma: Sequence[Any]) -> Any:
        outputs = self._supernet.by_batch(tf.cast(x, tf.float32), gamma)
        return tf.reduce_sum(self._scores(outputs, y))


def uniform(space: DecisionSpace, seed: int, step: int) -> Values:
    """The genotype that step number `step` trains: a function of its arguments alone, the same on all processes."""
    # Not (seed, step): strategies draw their proposals so, and would score the networks of the first steps. The keys 1
    # to 3 are those of the two halves of the data; one that ends in 0 is the same as one without it.
    return space.sample(np.random.default_rng((seed, 4, 1 + step)))


def _dense(gradient: Any, weight: Any) -> Any:
    return tf.zeros_like(weight) if gradient is None else gradient


def _tensors(batch: Batch) -> tuple[Any, Any]:
    return tf.convert_to_tensor(batch[0]), tf.convert_to_tensor(batch[1])
