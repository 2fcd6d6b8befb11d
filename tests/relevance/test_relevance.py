"""Divergence, precisions and signal-to-noise against closed forms; ARD finds inputs that do not matter."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from nas_cli.oneshot.momentum import MomentumSGD
from nas_cli.relevance.relevance import (
    closed_form,
    divergence,
    evidence_loss,
    gaussian_nll,
    gaussians,
    kl,
    rate_factors,
    relevance,
    update_precisions,
)
from nas_cli.relevance.variational import VariationalConv2D, VariationalDense


def _dense(share: str = "weight", **options: object) -> VariationalDense:
    layer = VariationalDense(2, share=share, seed=1, **options)
    layer.build((None, 3))
    return layer


def test_the_divergence_by_hand() -> None:
    """½(a(μ² + σ²) − 1 − log aσ²): μ = 1, σ² = ½, a = 2 gives 1; equal Gaussians of mean 0 give 0."""
    assert float(kl(np.float32([1.0]), np.log([0.5], dtype=np.float32), np.log([2.0], dtype=np.float32))) == (
        pytest.approx(1.0)
    )
    assert float(kl(np.zeros(5, np.float32), np.full(5, -1.3, np.float32), np.full(5, 1.3, np.float32))) == (
        pytest.approx(0.0, abs=1e-6)
    )


def test_the_divergence_is_the_mean_log_ratio_of_the_densities() -> None:
    mean, deviation, precision = 0.7, 0.4, 3.0
    draws = np.random.default_rng(0).normal(mean, deviation, 200_000)
    ratio = -0.5 * ((draws - mean) / deviation) ** 2 - math.log(deviation) + 0.5 * precision * draws**2
    ratio -= 0.5 * math.log(precision)
    said = float(kl(np.float32([mean]), np.float32([2 * math.log(deviation)]), np.float32([math.log(precision)])))
    assert said == pytest.approx(ratio.mean(), abs=5 * ratio.std() / math.sqrt(len(ratio)))


@pytest.mark.parametrize(("shape", "axes"), [((3, 2), None), ((3, 1), (1,)), ((1, 2), (0,))])
def test_the_closed_form_is_where_the_divergence_is_least(shape: tuple[int, int], axes: tuple[int, ...] | None) -> None:
    rng = np.random.default_rng(1)
    mean, log_variance = rng.normal(size=(3, 2)), rng.normal(size=(3, 2))
    found = np.asarray(closed_form(tf.constant(mean), tf.constant(log_variance), shape))
    second = mean**2 + np.exp(log_variance)
    expected = 1 / (second if axes is None else second.mean(axis=axes, keepdims=True))
    np.testing.assert_allclose(np.exp(found), expected, rtol=1e-6)
    log_precision = tf.Variable(found)
    with tf.GradientTape() as tape:
        value = kl(tf.constant(mean), tf.constant(log_variance), log_precision)
    np.testing.assert_allclose(tape.gradient(value, log_precision), 0.0, atol=1e-9)


def test_with_its_own_precision_a_weight_costs_half_log_one_plus_snr_squared() -> None:
    layer = _dense(initial_log_variance=-1.0)
    update_precisions(gaussians(layer))
    ratios = np.concatenate([ratio.ravel() for ratio in relevance(layer).values()])
    assert float(divergence(gaussians(layer))) == pytest.approx(0.5 * np.log1p(ratios**2).sum(), rel=1e-5)


@pytest.mark.parametrize(("share", "shape"), [("weight", (3, 2)), ("input", (3, 1)), ("output", (1, 2))])
def test_precisions_are_shared_as_asked(share: str, shape: tuple[int, int]) -> None:
    assert tuple(gaussians(_dense(share))[0].log_precision.shape) == shape


def test_relevance_is_the_mean_over_the_deviation() -> None:
    layer = _dense(initial_log_variance=2 * math.log(0.5))
    layer.kernel.assign([[1.0, -2.0], [0.0, 0.25], [3.0, 0.5]])
    np.testing.assert_allclose(relevance(layer)["kernel"], [[2.0, 4.0], [0.0, 0.5], [6.0, 1.0]], rtol=1e-6)


def test_outputs_of_a_dense_layer_have_the_mean_and_variance_of_its_weights() -> None:
    """x·μ + b and x²·σ² + σ_b²; 20 000 draws, five standard errors."""
    layer = _dense(initial_log_variance=math.log(0.04))
    layer.bias.assign([0.5, -0.5])
    x = np.tile(np.float32([[1.0, -2.0, 0.5]]), (20_000, 1))
    drawn, mean = np.asarray(layer(x, training=True)), np.asarray(layer(x[:1]))[0]
    np.testing.assert_allclose(mean, x[0] @ layer.kernel.numpy() + [0.5, -0.5], rtol=1e-5)
    variance = 0.04 * (1 + 4 + 0.25 + 1)
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=5 * math.sqrt(variance / 20_000))
    np.testing.assert_allclose(drawn.var(axis=0), variance, rtol=0.05)
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.05


def test_outputs_of_a_convolution_have_the_mean_and_variance_of_its_weights() -> None:
    """Ones under a 3×3 kernel: 4 entries in the corner, 9 in the middle, and the bias."""
    layer = VariationalConv2D(1, 3, padding="same", seed=2, initial_log_variance=math.log(0.04))
    x = np.ones((4_000, 3, 3, 1), np.float32)
    drawn, plain = np.asarray(layer(x, training=True)), np.asarray(layer(x[:1]))[0]
    kernel = layer.kernel.numpy()[..., 0, 0]
    np.testing.assert_allclose(plain[1, 1, 0], kernel.sum(), atol=1e-5)
    np.testing.assert_allclose(drawn.mean(axis=0), plain, atol=0.06)
    np.testing.assert_allclose(drawn.var(axis=0)[[0, 1], [0, 1], 0], [0.2, 0.4], rtol=0.15)


def test_zero_inputs_have_finite_gradients() -> None:
    layer = _dense(use_bias=False)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(np.zeros((2, 3), np.float32), training=True))
    assert all(np.isfinite(one).all() for one in tape.gradient(loss, [one.value for one in layer.trainable_variables]))


def test_the_loss_is_the_negative_evidence_bound() -> None:
    layer = _dense()
    weights = gaussians(layer)
    assert float(evidence_loss(tf.constant(0.3), weights, 50)) == pytest.approx(15.0 + float(divergence(weights)))


def test_the_negative_log_likelihood_of_a_gaussian_by_hand() -> None:
    """Error 2, variance 4: ½(4/4 + log 4 + log 2π)."""
    assert float(gaussian_nll(np.float32(4.0), np.float32(math.log(4.0)))) == pytest.approx(
        0.5 * (1 + math.log(8 * math.pi)), rel=1e-6
    )


def test_saved_models_come_back_with_their_distributions(tmp_path: object) -> None:
    model = keras.Sequential([keras.Input((3,)), VariationalDense(2, share="input", seed=3)])
    model.layers[0].gaussians[0].log_variance.assign(np.full((3, 2), -1.5))
    model.save(f"{tmp_path}/model.keras")
    loaded = keras.models.load_model(f"{tmp_path}/model.keras")
    assert loaded.layers[0].share == "input"
    for old, new in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_weights_that_share_a_precision_are_judged_together() -> None:
    """Ratios (6, 8) and (0, 0) with σ = ½: √50 and 0."""
    layer = VariationalDense(2, share="input", initial_log_variance=2 * math.log(0.5))
    layer.build((None, 2))
    layer.kernel.assign([[3.0, 4.0], [0.0, 0.0]])
    np.testing.assert_allclose(relevance(layer)["kernel"], [[math.sqrt(50)] * 2, [0.0] * 2], rtol=1e-6)


def test_a_weight_that_nothing_reads_does_not_hide_the_others() -> None:
    """Ratios (3/½, 0/10): √18. Pooled sums would say 3/√100.25, which is irrelevant."""
    layer = VariationalDense(2, share="input")
    layer.build((None, 1))
    layer.kernel.assign([[3.0, 0.0]])
    layer.gaussians[0].log_variance.assign(2 * np.log([[0.5, 10.0]]))
    np.testing.assert_allclose(relevance(layer)["kernel"], [[math.sqrt(18)] * 2], rtol=1e-6)


def test_a_filter_is_judged_by_all_its_weights() -> None:
    """A 2×1 kernel on one channel with ratios (4, 3), and one with zeros."""
    layer = VariationalConv2D(2, (2, 1), share="output", initial_log_variance=0.0)
    layer.build((None, 4, 4, 1))
    layer.kernel.assign(np.reshape([4.0, 0.0, 3.0, 0.0], (2, 1, 1, 2)))
    np.testing.assert_allclose(relevance(layer)["kernel"][:, 0, 0], [[math.sqrt(12.5), 0.0]] * 2, rtol=1e-6)


def _train(layer: VariationalDense, x: np.ndarray, y: np.ndarray, log_noise: float, steps: int) -> None:
    weights, trained = gaussians(layer), [one.value for one in layer.trainable_variables]
    optimizer = MomentumSGD(0.02, 0.9, factors=rate_factors(layer.trainable_variables, len(x)))
    optimizer.build(trained)

    @tf.function(autograph=False)
    def step() -> None:
        with tf.GradientTape() as tape:
            nll = tf.reduce_sum(gaussian_nll(tf.square(layer(x, training=True) - y), log_noise), axis=1)
            loss = evidence_loss(tf.reduce_mean(nll), weights, len(x)) / len(x)
        optimizer.apply(tape.gradient(loss, trained), trained)
        update_precisions(weights)

    for _ in range(steps):
        step()


def test_irrelevant_inputs_lose_their_relevance() -> None:
    """Eight targets made of inputs 0 and 1 of six, with noise of variance 0.25."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 6)).astype(np.float32)
    true = np.zeros((6, 8), np.float32)
    true[:2] = rng.normal(size=(2, 8))
    y = (x @ true + 0.5 * rng.normal(size=(200, 8))).astype(np.float32)
    layer = VariationalDense(8, share="input", seed=0)
    layer.build((None, 6))
    _train(layer, x, y, math.log(0.25), 300)
    ratios = relevance(layer)["kernel"][:, 0]
    assert ratios[:2].min() > 5
    assert ratios[2:].max() < 1
    np.testing.assert_allclose(layer.kernel.numpy()[:2], true[:2], atol=0.15)


def test_a_single_weight_ends_at_the_fixed_point_of_its_t_value() -> None:
    """|μ|/σ = √(t² − 1) for orthogonal inputs: t = 3 and t = 10."""
    x = np.kron(np.eye(2, dtype=np.float32), np.ones((50, 1), np.float32)) * np.float32([[3.0, 10.0]]) / math.sqrt(50)
    layer = VariationalDense(1, use_bias=False, seed=0, initial_log_variance=-2.0)
    layer.build((None, 2))
    _train(layer, x, x @ np.ones((2, 1), np.float32), 0.0, 600)
    np.testing.assert_allclose(relevance(layer)["kernel"][:, 0], np.sqrt([8.0, 99.0]), rtol=0.15)
