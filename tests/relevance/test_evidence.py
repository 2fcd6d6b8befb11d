"""The penalty of a training: its weight, its closed forms, and how fast variances go."""

import keras
import numpy as np
import pytest

from nas_cli.errors import ConfigError
from nas_cli.relevance.evidence import Evidence
from nas_cli.relevance.relevance import divergence, gaussians
from nas_cli.relevance.variational import VariationalDense


def test_the_penalty_of_a_training_is_kl_over_n_with_a_warm_up_and_closed_precisions() -> None:
    model = keras.Sequential([keras.Input((3,)), VariationalDense(2)])
    penalty = Evidence(model, examples=10, warm_up=2)
    full = float(divergence(gaussians(model))) / 10
    assert float(penalty.loss()) == 0.0
    penalty.after_step(None)
    closed = float(divergence(gaussians(model))) / 10
    assert closed < full
    assert float(penalty.loss()) == pytest.approx(closed / 2)
    penalty.after_step(None)
    assert float(penalty.loss()) == pytest.approx(closed)


def test_a_model_without_gaussian_weights_is_refused() -> None:
    with pytest.raises(ConfigError, match="variational"):
        Evidence(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]), 10)


def test_a_regression_weighs_the_divergence_by_twice_its_noise() -> None:
    """Squared error = 2s²·NLL + constant; s² is 1 at first, then the error of the last epoch."""
    model = keras.Sequential([keras.Input((3,)), VariationalDense(2)])
    penalty = Evidence(model, examples=10, regression=True)
    full = float(divergence(gaussians(model))) / 10
    assert float(penalty.loss()) == pytest.approx(2 * full)
    penalty.after_epoch({"train_loss": 0.25})
    assert penalty.noise_variance == 0.25
    assert float(penalty.loss()) == pytest.approx(0.5 * full)
    assert Evidence(model, examples=10).noise_variance is None


def test_variances_go_faster_than_means() -> None:
    """A step of 0.1 counts as one of 0.5, and the next one of 0.2 as one of 1."""
    model = keras.Sequential([keras.Input((3,)), VariationalDense(2, initial_log_variance=-8.0)])
    penalty = Evidence(model, examples=10, variance_rate=5.0)
    kernel = gaussians(model)[0]
    before = np.array(kernel.mean)
    for step, expected in ((0.1, -7.5), (0.2, -6.5)):
        kernel.log_variance.assign(kernel.log_variance + step)
        penalty.after_step(None)
        np.testing.assert_allclose(kernel.log_variance, expected, atol=1e-5)
    np.testing.assert_array_equal(kernel.mean, before)


def test_the_divergence_can_weigh_less_than_in_the_bound() -> None:
    model = keras.Sequential([keras.Input((3,)), VariationalDense(2)])
    loss = float(Evidence(model, examples=10, weight=0.1).loss())
    assert loss == pytest.approx(0.1 * float(Evidence(model, examples=10).loss()))
