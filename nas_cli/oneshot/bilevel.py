"""Training weights and structure in turn: weights on one part of the data, structure on another."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol, final

import keras
import tensorflow as tf

from nas_cli.distributed.ring import OneProcess, Ring
from nas_cli.errors import ConfigError
from nas_cli.oneshot.momentum import MomentumSGD
from nas_cli.oneshot.structure import Relaxation

Tensor = Any
Batch = tuple[Any, Any]
"""Inputs (batch, …) and targets (batch,)."""
Loss = Callable[[Tensor, Tensor], Tensor]
"""Outputs and targets to a scalar, the mean over the batch."""
Penalty = Callable[[Sequence[Tensor], Sequence[Tensor]], Tensor]
"""Logits α and weights γ of the structure to a scalar."""

REACH = 0.01
"""How far, in all weights together, the finite difference of the second order goes to each side (Liu et al. 2019)."""


class Mixture(Protocol):
    """A built network whose operations are weighted by γ; `alpha` is not among its `trainable_weights`."""

    @property
    def alpha(self) -> Sequence[Any]: ...

    @property
    def trainable_weights(self) -> Sequence[Any]: ...

    def __call__(self, x: Tensor, gamma: Sequence[Tensor], training: bool) -> Tensor:
        """The outputs, (batch, classes)."""


@final
class Bilevel:
    """The problem min_{Γ,A} Q(W*(Γ, A), Γ), W* = argmin_W L(W, Γ, A), by alternating steps.

    DARTS (Liu et al. 2019, arXiv:1806.09055, equations 5–8). L is `loss_train` plus `regularizer`; Q is `loss_valid`
    plus `penalties`. First order: g = ∇_α Q(w, α). Second order: with w' = w − η(μ·m + ∇_w L + d·w), one step that is
    not taken,

        g = ∇_α Q(w', α) − η·(∇_α L(w⁺, α) − ∇_α L(w⁻, α))/(2ε),
        w± = w ± ε·∇_{w'}Q(w', α), ε = 0.01/‖∇_{w'}Q(w', α)‖₂.

    Losses are means over examples, so that Q and L are 1/N of the sums that the paper on relevance writes
    (λ, and the divergence in `regularizer`, are to be divided by N). The paper minimises Q over the regularization
    hyper-parameters A too; see `nas_cli.relevance.relevance` for the two readings, `outer_update` and `hyper`.

    The losses of the two sides see different Gumbel noise, L at w, w⁺ and w⁻ the same: a difference of two draws over
    a small ε would be noise alone. For the same reason random generators of layers are set back between the three.
    An architecture step leaves weights and moving statistics as they were.

    Steps are compiled once for each shape of batch, and once more for the first batch of another size.
    """

    def __init__(
        self,
        supernet: Mixture,
        loss_train: Loss,
        loss_valid: Loss,
        weight_optimizer: Any,
        alpha_optimizer: Any,
        order: int = 1,
        *,
        structure: Relaxation,
        penalties: Sequence[Penalty] = (),
        regularizer: Callable[[], Tensor] | None = None,
        hyper: Sequence[Any] = (),
        outer_update: Callable[[], None] | None = None,
        alpha_decay: float = 0.0,
        ring: Ring | None = None,
    ) -> None:
        """`weight_optimizer`: MomentumSGD, or for order 1 any Keras optimizer; `alpha_optimizer`: any of both.

        `hyper`: variables of L that Q does not contain, trained with α by `alpha_optimizer`. `outer_update`: run after
        each step of α. `alpha_decay` d: α's gradient grows by d·α, as in DARTS' Adam (Keras' own decay is not part of
        the gradient). Each process of a `ring` gives its equal share of every batch.

        Raises:
            ConfigError: another order than 1 or 2, one that does not fit the optimizer or `hyper`, or no weights.
        """
        self._net = supernet
        self._loss_train, self._loss_valid = loss_train, loss_valid
        self.weight_optimizer, self.alpha_optimizer = weight_optimizer, alpha_optimizer
        self._order = order
        self._structure = structure
        self._penalties = penalties
        self._regularizer = regularizer
        self._outer_update = outer_update
        self._alpha_decay = alpha_decay
        self._ring: Ring = ring or OneProcess()
        self._alpha = [_raw(variable) for variable in supernet.alpha]
        self._outer = [*self._alpha, *map(_raw, hyper)]
        outer = {id(variable) for variable in self._outer}
        self._weights = [one for one in map(_raw, supernet.trainable_weights) if id(one) not in outer]
        fixed = outer | {id(weight) for weight in self._weights}
        self._state = [one for one in _all(supernet) if id(one) not in fixed]
        self._generators = [one for one in self._state if one.dtype.is_integer]
        self._check(bool(hyper))
        weight_optimizer.build(self._weights)
        alpha_optimizer.build(self._outer)
        both = [*self._outer, *(self._weights if order == 2 else ())]
        # Graphs of their own: the steps call two of them twice, and building a supernet's graph takes long.
        self._weight_gradients = _graph(partial(self._inner, of=self._weights))
        self._mixed_gradients = _graph(partial(self._inner, of=self._outer))
        self._valid_gradients = _graph(partial(self._outer_side, of=both))
        self._alpha_graph, self._weight_graph = _graph(self._alpha_step), _graph(self._weight_step)

    def _check(self, hyper: bool) -> None:
        if self._order not in (1, 2):
            raise ConfigError(f"strategy.order must be 1 or 2, got {self._order}.")
        if not self._weights:
            raise ConfigError("the supernet has no weights to train: build it before the search.")
        if self._order == 2 and not isinstance(self.weight_optimizer, MomentumSGD):
            raise ConfigError(
                f"strategy.order=2 unrolls a step of gradient descent, which {type(self.weight_optimizer).__name__} is "
                "not: use SGD with momentum for the weights, or order=1."
            )
        if hyper and self._order == 1:
            raise ConfigError(
                "relevance.update=hypergradient needs strategy.order=2: the validation loss does not contain the "
                "precisions, their first-order gradient is zero. Use order=2 or update=closed_form."
            )

    def alpha_step(
        self, train_batch: Batch, valid_batch: Batch, step_fraction: Any = 0.0, seed: Any = None
    ) -> tuple[Tensor, Tensor]:
        """One step of α (and `hyper`); the validation loss without penalties, and the outputs, before the step.

        `step_fraction`: share of the search that is done. `seed`: int32 (2,) for Gumbel noise, None for none.
        The training batch is used by the second order only.
        """
        fraction = tf.convert_to_tensor(step_fraction, tf.float32)
        result: tuple[Tensor, Tensor] = self._alpha_graph(
            _tensors(train_batch), _tensors(valid_batch), fraction, _seed(seed)
        )
        return result

    def weight_step(self, train_batch: Batch, step_fraction: Any = 0.0, seed: Any = None) -> tuple[Tensor, Tensor]:
        """One step of the weights; the training loss without the regularizer, and the outputs, before the step."""
        fraction = tf.convert_to_tensor(step_fraction, tf.float32)
        result: tuple[Tensor, Tensor] = self._weight_graph(_tensors(train_batch), fraction, _seed(seed))
        return result

    def _alpha_step(self, train: Batch, valid: Batch, fraction: Tensor, seed: Tensor | None) -> tuple[Tensor, Tensor]:
        loss, outputs, gradients = self.outer_gradients(train, valid, fraction, seed)
        decayed = [g + self._alpha_decay * a for g, a in zip(gradients, self._alpha, strict=False)]
        self.alpha_optimizer.apply([*decayed, *gradients[len(decayed) :]], self._outer)
        if self._outer_update is not None:
            self._outer_update()
        return loss, outputs

    def _weight_step(self, train: Batch, fraction: Tensor, seed: Tensor | None) -> tuple[Tensor, Tensor]:
        loss, outputs, gradients = self._weight_gradients(train, fraction, seed)
        self.weight_optimizer.apply(gradients, self._weights)
        return loss, outputs

    def outer_gradients(
        self, train: Batch, valid: Batch, fraction: Any, seed: Tensor | None
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        """The validation loss, the outputs, and the gradient of each α and `hyper`; weights and statistics stay."""
        seeds = (None, None) if seed is None else tf.unstack(tf.random.experimental.stateless_split(seed, 2))
        state = _values(self._state)
        run = self._first_order if self._order == 1 else self._second_order
        loss, outputs, gradients, generators = run(train, valid, fraction, seeds)
        _assign(self._state, state)
        _assign(self._generators, generators)
        return loss, outputs, gradients

    def _first_order(self, train: Batch, valid: Batch, fraction: Any, seeds: Any) -> Any:
        loss, outputs, gradients = self._valid_gradients(valid, fraction, seeds[1])
        return loss, outputs, gradients, _values(self._generators)

    def _second_order(self, train: Batch, valid: Batch, fraction: Any, seeds: Any) -> Any:
        optimizer, weights, drawn = self.weight_optimizer, _values(self._weights), _values(self._generators)
        inner = self._weight_gradients(train, fraction, seeds[0])[2]
        _assign(self._weights, optimizer.unrolled(inner, weights))
        loss, outputs, both = self._valid_gradients(valid, fraction, seeds[1])
        generators = _values(self._generators)
        direct, ahead = both[: len(self._outer)], optimizer.directions(both[len(self._outer) :])
        reach = REACH / tf.maximum(tf.linalg.global_norm(ahead), 1e-12)
        sides = []
        for sign in (1.0, -1.0):
            _assign(self._weights, [w + sign * reach * v for w, v in zip(weights, ahead, strict=True)])
            _assign(self._generators, drawn)
            sides.append(self._mixed_gradients(train, fraction, seeds[0])[2])
        _assign(self._weights, weights)
        rate = tf.cast(optimizer.learning_rate, reach.dtype) / (2.0 * reach)
        gradients = [g - rate * (plus - minus) for g, plus, minus in zip(direct, *sides, strict=True)]
        return loss, outputs, gradients, generators

    def _inner(self, batch: Batch, fraction: Any, seed: Any, of: Sequence[Any]) -> tuple[Tensor, Tensor, list[Tensor]]:
        """L's part that is the examples', the outputs, and the gradients of L."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(of)
            gamma = self._structure.gamma(self._alpha, fraction, seed, True)
            outputs = self._net(batch[0], gamma, training=True)
            loss = self._loss_train(outputs, batch[1])
            total = loss if self._regularizer is None else loss + self._regularizer()
        return loss, outputs, self._averaged(tape.gradient(total, of, unconnected_gradients="zero"))

    def _outer_side(
        self, batch: Batch, fraction: Any, seed: Any, of: Sequence[Any]
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Q's part that is the examples', the outputs, and the gradients of Q.

        Layers are in training mode, as in DARTS: batch normalisation by the batch.
        """
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(of)
            gamma = self._structure.gamma(self._alpha, fraction, seed, True)
            outputs = self._net(batch[0], gamma, training=True)
            loss = self._loss_valid(outputs, batch[1])
            total = tf.add_n([loss, *(penalty(self._alpha, gamma) for penalty in self._penalties)])
        return loss, outputs, self._averaged(tape.gradient(total, of, unconnected_gradients="zero"))

    def _averaged(self, gradients: Sequence[Tensor]) -> list[Tensor]:
        return self._ring.average([tf.convert_to_tensor(gradient) for gradient in gradients])


def _graph(step: Callable[..., Any]) -> Callable[..., Any]:
    compiled: Callable[..., Any] = tf.function(step, autograph=False, reduce_retracing=True)
    return compiled


def _raw(variable: Any) -> Any:
    """The TensorFlow variable of a Keras variable."""
    return variable.value if isinstance(variable, keras.Variable) else variable


def _all(supernet: Any) -> list[Any]:
    """All variables of the network, each once; a Keras model counts its random generators to its variables only."""
    both = [*getattr(supernet, "weights", ()), *getattr(supernet, "non_trainable_variables", ())]
    return list({id(one): one for one in map(_raw, both)}.values())


def _values(variables: Sequence[Any]) -> list[Tensor]:
    return [tf.identity(variable) for variable in variables]


def _assign(variables: Sequence[Any], values: Sequence[Tensor]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _tensors(batch: Batch) -> Batch:
    return tf.convert_to_tensor(batch[0]), tf.convert_to_tensor(batch[1])


def _seed(seed: Any) -> Tensor | None:
    return None if seed is None else tf.convert_to_tensor(seed, tf.int32)
