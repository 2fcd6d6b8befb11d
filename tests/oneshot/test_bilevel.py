"""Architecture gradients against ones by hand and by finite differences; a step changes what it says and no more."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from nas_cli.errors import ConfigError
from nas_cli.oneshot.bilevel import Bilevel
from nas_cli.oneshot.momentum import MomentumSGD
from nas_cli.oneshot.structure import Structure
from tests.oneshot.settings import structure


class Itself:
    """γ = α, for problems that are not about simplices."""

    def gamma(self, alpha: Sequence[Any], step_fraction: Any, seed: Any, training: bool) -> list[Any]:
        return [tf.convert_to_tensor(one) for one in alpha]


class Quadratic:
    """One weight w and one α: outputs [w, α]."""

    def __init__(self, w: float, alpha: float, dtype: Any = tf.float64) -> None:
        self.alpha = [tf.Variable(alpha, dtype=dtype)]
        self.trainable_weights = [tf.Variable(w, dtype=dtype)]

    def __call__(self, x: Any, gamma: Sequence[Any], training: bool) -> Any:
        return tf.stack([self.trainable_weights[0] * tf.ones_like(gamma[0]), gamma[0]])


P, Q, R, S = 1.5, 0.8, 0.3, 0.7
RATE, MOMENTUM, DECAY = 0.1, 0.9, 0.05
NO_BATCH = (np.zeros(1), np.zeros(1))


def _train_loss(outputs: Any, targets: Any) -> Any:
    """½p(w − qα)²."""
    return 0.5 * P * tf.square(outputs[0] - Q * outputs[1])


def _valid_loss(outputs: Any, targets: Any) -> Any:
    """½(w − r)² + ½sα²."""
    return 0.5 * tf.square(outputs[0] - R) + 0.5 * S * tf.square(outputs[1])


def _quadratic(net: Quadratic, order: int, **more: Any) -> Bilevel:
    weights = MomentumSGD(RATE, MOMENTUM, DECAY)
    return Bilevel(net, _train_loss, _valid_loss, weights, MomentumSGD(0.5), order, structure=Itself(), **more)


@pytest.mark.parametrize(("w", "alpha"), [(1.2, -0.4), (-2.0, 3.0), (0.3, 0.0)])
def test_the_first_order_gradient_by_hand(w: float, alpha: float) -> None:
    """∇_α L_val = s·α: w does not move."""
    gradients = _quadratic(Quadratic(w, alpha), 1).outer_gradients(NO_BATCH, NO_BATCH, 0.0, None)[2]
    assert float(gradients[0]) == pytest.approx(S * alpha, abs=1e-5)


@pytest.mark.parametrize("dtype", [tf.float64, tf.float32])
@pytest.mark.parametrize(("w", "alpha"), [(1.2, -0.4), (-2.0, 3.0), (0.3, 0.0)])
def test_the_second_order_gradient_by_hand(w: float, alpha: float, dtype: Any) -> None:
    """After one weight step m = g₀ + d·w₀. w' = w − η(μm + p(w − qα) + dw), dw'/dα = ηpq: sα + ηpq(w' − r)."""
    net = Quadratic(w, alpha, dtype)
    bilevel = _quadratic(net, 2)
    bilevel.weight_step(NO_BATCH)
    momentum = P * (w - Q * alpha) + DECAY * w
    w -= RATE * momentum
    assert float(net.trainable_weights[0]) == pytest.approx(w, abs=1e-6)
    ahead = w - RATE * (MOMENTUM * momentum + P * (w - Q * alpha) + DECAY * w)
    expected = S * alpha + RATE * P * Q * (ahead - R)
    loss, _ = bilevel.alpha_step(NO_BATCH, NO_BATCH)
    assert float(net.alpha[0]) == pytest.approx(alpha - 0.5 * expected, abs=1e-5)
    assert float(loss) == pytest.approx(0.5 * (ahead - R) ** 2 + 0.5 * S * alpha**2, abs=1e-5)
    assert float(net.trainable_weights[0]) == pytest.approx(w, abs=1e-6)


def test_alternating_steps_reach_the_solution_of_the_bilevel_problem() -> None:
    """Without decay w* = qα, so that α* minimises ½(qα − r)² + ½sα²: α* = qr/(q² + s)."""
    net = Quadratic(1.0, 1.0)
    # An unrolled step of rate 1/p solves the inner problem, so that its gradient is the true one.
    bilevel = Bilevel(net, _train_loss, _valid_loss, MomentumSGD(1 / P), MomentumSGD(0.3), 2, structure=Itself())
    for _ in range(60):
        bilevel.alpha_step(NO_BATCH, NO_BATCH)
        bilevel.weight_step(NO_BATCH)
    assert float(net.alpha[0]) == pytest.approx(Q * R / (Q**2 + S), abs=1e-6)
    assert float(net.trainable_weights[0]) == pytest.approx(Q * Q * R / (Q**2 + S), abs=1e-6)


def test_penalties_and_decay_are_in_the_step() -> None:
    """s·α of the loss, 3 of a penalty 3α, and 0.2·α."""
    net = Quadratic(1.0, 2.0)
    _quadratic(net, 1, penalties=[lambda alpha, gamma: 3.0 * gamma[0]], alpha_decay=0.2).alpha_step(NO_BATCH, NO_BATCH)
    assert float(net.alpha[0]) == pytest.approx(2.0 - 0.5 * (S * 2.0 + 3.0 + 0.4))


def test_the_hypergradient_of_a_precision_by_hand() -> None:
    """L grows by ½aw², a = e^h: dw'/dh = −η·a·w, so that dQ/dh = −η·a·w·(w' − r)."""
    net, log_precision = Quadratic(1.2, 0.0), tf.Variable(-0.5, dtype=tf.float64, trainable=False)
    (weight,) = net.trainable_weights
    bilevel = _quadratic(
        net, 2, hyper=[log_precision], regularizer=lambda: 0.5 * tf.exp(log_precision) * tf.square(weight)
    )
    precision = np.exp(-0.5)
    ahead = 1.2 - RATE * (P * 1.2 + precision * 1.2 + DECAY * 1.2)
    gradients = bilevel.outer_gradients(NO_BATCH, NO_BATCH, 0.0, None)[2]
    assert float(gradients[1]) == pytest.approx(-RATE * precision * 1.2 * (ahead - R), abs=1e-6)


class Small:
    """Two edges in a chain, each a mixture of tanh(xW), relu(xW) and x; float64."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.alpha = [tf.Variable(rng.normal(0, 0.5, (2, 3)))]
        self.trainable_weights = [tf.Variable(rng.normal(0, 0.6, (3, 3))) for _ in range(5)]

    def __call__(self, x: Any, gamma: Sequence[Any], training: bool) -> Any:
        *weights, last = self.trainable_weights
        for edge in range(2):
            made = [tf.tanh(x @ weights[2 * edge]), tf.nn.relu(x @ weights[2 * edge + 1]), x]
            x = tf.add_n([gamma[0][edge, k] * one for k, one in enumerate(made)])
        return x @ last


def _cross_entropy(outputs: Any, targets: Any) -> Any:
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(targets, outputs))


def _batch(seed: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    return tf.constant(rng.normal(size=(16, 3))), tf.constant(rng.integers(0, 3, 16))


GUMBEL = structure(relaxation="gumbel_softmax", temperature_start=0.7, temperature_end=0.7)


def _unrolled_loss(net: Small, relaxed: Structure, alpha: np.ndarray, seeds: Sequence[Any], order: int) -> float:
    """Q at w, or at w − η∇_w L(w, α), in plain steps."""
    saved = [tf.identity(weight) for weight in net.trainable_weights]
    if order == 2:
        with tf.GradientTape() as tape:
            gamma = relaxed.gamma([alpha], 0.0, seeds[0], True)
            loss = _cross_entropy(net(_batch(1)[0], gamma, True), _batch(1)[1])
        for weight, gradient in zip(net.trainable_weights, tape.gradient(loss, net.trainable_weights), strict=True):
            weight.assign_sub(0.5 * gradient)
    value = _cross_entropy(net(_batch(2)[0], relaxed.gamma([alpha], 0.0, seeds[1], True), True), _batch(2)[1])
    for weight, old in zip(net.trainable_weights, saved, strict=True):
        weight.assign(old)
    return float(value)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("noisy", [False, True])
def test_gradients_of_a_small_supernet_equal_finite_differences(order: int, noisy: bool) -> None:
    net, relaxed = Small(), Structure(GUMBEL if noisy else structure())
    seed = tf.constant([4, 2], tf.int32) if noisy else None
    bilevel = Bilevel(net, _cross_entropy, _cross_entropy, MomentumSGD(0.5), MomentumSGD(1.0), order, structure=relaxed)
    gradient = bilevel.outer_gradients(_batch(1), _batch(2), 0.0, seed)[2][0].numpy()
    seeds = [None, None] if seed is None else tf.unstack(tf.random.experimental.stateless_split(seed, 2))
    numeric = np.zeros((2, 3))
    for place in np.ndindex(2, 3):
        step = np.zeros((2, 3))
        step[place] = 1e-4
        alpha = net.alpha[0].numpy()
        ends = [_unrolled_loss(net, relaxed, alpha + sign * step, seeds, order) for sign in (1, -1)]
        numeric[place] = (ends[0] - ends[1]) / 2e-4
    assert np.linalg.norm(gradient - numeric) < 1e-2 * np.linalg.norm(numeric)


def test_the_second_order_is_another_gradient_than_the_first() -> None:
    """Else the comparison above would not tell them apart."""
    found = [
        Bilevel(Small(), _cross_entropy, _cross_entropy, MomentumSGD(0.5), MomentumSGD(1.0), order,
                structure=Structure(structure())).outer_gradients(_batch(1), _batch(2), 0.0, None)[2][0].numpy()
        for order in (1, 2)
    ]  # fmt: skip
    assert np.linalg.norm(found[0] - found[1]) > 0.05 * np.linalg.norm(found[0])


class Layered:
    """A Keras network with batch norm and dropout between two mixtures."""

    def __init__(self) -> None:
        inputs = keras.Input((3,))
        hidden = keras.layers.Dropout(0.5, seed=1)(
            keras.layers.BatchNormalization()(keras.layers.Dense(4, name="d")(inputs))
        )
        self.model = keras.Model(inputs, keras.layers.Dense(3, name="e")(hidden))
        self.alpha = [tf.Variable([[0.1, -0.1]])]
        self.trainable_weights = self.model.trainable_variables
        self.non_trainable_variables = self.model.non_trainable_variables

    def __call__(self, x: Any, gamma: Sequence[Any], training: bool) -> Any:
        return gamma[0][0, 0] * self.model(x, training=training) + gamma[0][0, 1] * x


def _layered_batch(seed: int, size: int = 8) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(size, 3)).astype(np.float32), rng.integers(0, 3, size)


def _layered(order: int) -> tuple[Layered, Bilevel]:
    net = Layered()
    weights, alphas = MomentumSGD(0.1, 0.9, 3e-4, clip_norm=5.0), keras.optimizers.Adam(0.01, beta_1=0.5)
    relaxed = Structure(structure())
    return net, Bilevel(net, _cross_entropy, _cross_entropy, weights, alphas, order, structure=relaxed)


@pytest.mark.parametrize("order", [1, 2])
def test_a_step_of_alpha_changes_neither_weights_nor_moving_statistics(order: int) -> None:
    net, bilevel = _layered(order)
    bilevel.weight_step(_layered_batch(0))
    before, alpha = net.model.get_weights(), net.alpha[0].numpy()
    bilevel.alpha_step(_layered_batch(1), _layered_batch(2))
    for old, new in zip(before, net.model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert not np.allclose(alpha, net.alpha[0])
    bilevel.weight_step(_layered_batch(0))
    assert not np.allclose(before[0], net.model.get_weights()[0])


def test_dropout_draws_the_same_on_both_sides_of_the_second_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """A difference of two draws would be divided by ε; of one draw, it hardly depends on ε."""
    net, bilevel = _layered(2)
    bilevel.weight_optimizer.learning_rate.assign(1.0)
    generator = next(one for one in net.non_trainable_variables if "seed" in one.name)
    start, gradients = np.array(generator), []
    for reach in (0.01, 0.002):
        generator.assign(start)
        monkeypatch.setattr("nas_cli.oneshot.bilevel.REACH", reach)
        gradients.append(bilevel.outer_gradients(_layered_batch(1), _layered_batch(2), 0.0, None)[2][0].numpy())
        assert (np.array(generator) != start).any()
    np.testing.assert_allclose(*gradients, rtol=0.02, atol=1e-4)


def test_steps_are_traced_once_whatever_the_share_of_the_search_and_the_seed() -> None:
    _, bilevel = _layered(2)
    for step in range(4):
        seed = tf.constant([step, 1], tf.int32)
        bilevel.alpha_step(_layered_batch(step), _layered_batch(step + 9), step / 4, seed)
        bilevel.weight_step(_layered_batch(step), step / 4, seed)
    assert bilevel._alpha_graph.experimental_get_tracing_count() == 1
    assert bilevel._weight_graph.experimental_get_tracing_count() == 1


class TwoEqualProcesses:
    """A ring whose other process has gradients of zero."""

    rank, size = 0, 2

    def average(self, tensors: Sequence[Any], name: str = "gradient") -> list[Any]:
        return [tensor / 2 for tensor in tensors]


def test_gradients_are_averaged_over_the_processes() -> None:
    net = Quadratic(1.0, 2.0)
    _quadratic(net, 1, ring=TwoEqualProcesses()).alpha_step(NO_BATCH, NO_BATCH)
    assert float(net.alpha[0]) == pytest.approx(2.0 - 0.5 * S * 2.0 / 2)


def test_clipping_bounds_the_step_by_hand() -> None:
    """The gradient (3, 4) of norm 5 is cut to norm 1; decay comes after: w − 0.5·(0.6 + 0.1·1), 1 − 0.5·(0.8 + 0.1)."""
    optimizer = MomentumSGD(0.5, decay=0.1, clip_norm=1.0)
    weights = [tf.Variable(1.0), tf.Variable(1.0)]
    optimizer.build(weights)
    optimizer.apply([tf.constant(3.0), tf.constant(4.0)], weights)
    assert [float(weight) for weight in weights] == pytest.approx([0.65, 0.55])


def test_what_cannot_be_is_refused() -> None:
    adam, relaxed = keras.optimizers.Adam(), Structure(structure())
    with pytest.raises(ConfigError, match="order=2"):
        Bilevel(Small(), _cross_entropy, _cross_entropy, adam, adam, 2, structure=relaxed)
    with pytest.raises(ConfigError, match="must be 1 or 2"):
        Bilevel(Small(), _cross_entropy, _cross_entropy, adam, adam, 3, structure=relaxed)
    with pytest.raises(ConfigError, match="hypergradient"):
        _quadratic(Quadratic(1.0, 1.0), 1, hyper=[tf.Variable(1.0, trainable=False)])
