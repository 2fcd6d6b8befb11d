"""Zero-cost proxies against numbers computed by hand."""

import math

import keras
import numpy as np
import pytest

from nas_cli.estimators.probe import combined
from nas_cli.estimators.proxies import bare, grad_norm, naswot, synflow
from nas_cli.training.losses import MeanSquaredError

layers = keras.layers


def two_layers(normalised: bool = False) -> keras.Model:
    """Two inputs, two ReLUs, one output; all weights known."""
    x = inputs = keras.Input((2,))
    x = layers.Rescaling(0.5, 1.0)(x)
    x = layers.Dense(2, activation="linear" if normalised else "relu", name="hidden")(x)
    if normalised:
        x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Dropout(0.5)(x)
    model = keras.Model(inputs, layers.Dense(1, name="out")(x))
    model.get_layer("hidden").set_weights([np.array([[1.0, -2.0], [3.0, 4.0]]), np.zeros(2)])
    model.get_layer("out").set_weights([np.array([[-1.0], [0.5]]), np.zeros(1)])
    return model


def test_synflow_of_two_dense_layers() -> None:
    """R = (1+3)·1 + (2+4)·0.5 = 7; the weights of each layer add up to R: 14."""
    assert synflow(two_layers()) == pytest.approx(math.log(14))


@pytest.mark.parametrize("factor", [3.0, -3.0])
def test_synflow_grows_with_the_size_of_a_layer_and_not_its_sign(factor: float) -> None:
    scaled = two_layers()
    hidden = scaled.get_layer("hidden")
    hidden.set_weights([factor * hidden.get_weights()[0], np.zeros(2)])
    assert synflow(scaled) == pytest.approx(math.log(14) + math.log(3))


def test_synflow_ignores_what_normalises() -> None:
    assert synflow(two_layers(normalised=True)) == pytest.approx(math.log(14))


def test_synflow_of_a_convolution() -> None:
    """A 1×1 kernel of 2 on 3×3 ones: R = 9·2·1 = 18 behind flatten and ones; two layers: 36."""
    x = inputs = keras.Input((3, 3, 1))
    x = layers.Flatten()(layers.Conv2D(1, 1, activation="relu", name="c")(x))
    model = keras.Model(inputs, layers.Dense(1, name="d")(x))
    model.get_layer("c").set_weights([np.full((1, 1, 1, 1), -2.0), np.zeros(1)])
    model.get_layer("d").set_weights([np.ones((9, 1)), np.zeros(1)])
    assert synflow(model) == pytest.approx(math.log(36))


def test_synflow_does_not_overflow_in_deep_networks() -> None:
    x = inputs = keras.Input((100,))
    for _ in range(24):
        x = layers.Dense(100, activation="relu", kernel_initializer="ones")(x)
    assert synflow(keras.Model(inputs, x)) == pytest.approx(math.log(24) + 25 * math.log(100))


X = np.array([[0.0, 0.0], [-4.0, 0.0], [4.0, -10.0]], np.float32)
"""Rescaled to (1, 1), (−1, 1), (3, −4): hidden (4, 2), (2, 6), (−9, −22): codes 11, 11, 00."""


def test_naswot_is_the_log_determinant_of_agreeing_codes() -> None:
    """Codes 11 and 00 agree nowhere, each twice with itself: det [[2, 0], [0, 2]] = 4."""
    assert naswot(two_layers(), X[1:]) == pytest.approx(math.log(4))


def test_naswot_of_two_examples_with_one_code_is_minus_infinity() -> None:
    assert naswot(two_layers(), X[:2]) == -np.inf
    inputs = keras.Input((2,))
    assert naswot(keras.Model(inputs, layers.Dense(1)(inputs)), X) == -np.inf


def test_naswot_does_not_see_the_size_of_the_weights() -> None:
    scaled = two_layers()
    hidden = scaled.get_layer("hidden")
    hidden.set_weights([7 * hidden.get_weights()[0], np.zeros(2)])
    assert naswot(scaled, X[1:]) == pytest.approx(math.log(4))


def test_grad_norm_of_one_example_is_that_of_the_chain_rule() -> None:
    """Example (0, 0): hidden (4, 2), output −3, target 0, loss 9, dL/dy = −6. Out: −6·(4, 2), norm 6·√20. Hidden:
    −6·(−1, 0.5) for each of the two inputs 1: norm 6·√1.25·√2."""
    objective = MeanSquaredError(0.0, 1.0)
    found = grad_norm(two_layers(), X[:1], np.zeros(1, np.float32), objective)
    assert found == pytest.approx(6 * math.sqrt(20) + 6 * math.sqrt(2.5), rel=1e-5)


def test_a_bare_copy_leaves_the_model_as_it_is() -> None:
    model = two_layers()
    assert len(bare(model, ("Dropout",)).layers) == len(model.layers) - 1
    synflow(model)
    np.testing.assert_array_equal(model.get_layer("hidden").get_weights()[0], [[1, -2], [3, 4]])


def test_of_all_three_the_mean_of_the_logarithms_counts() -> None:
    assert combined({"synflow": 5.0, "naswot": 12.0, "grad_norm": math.e}, 4) == pytest.approx(3.0)
    assert combined({"grad_norm": 2.5}, 4) == 2.5
