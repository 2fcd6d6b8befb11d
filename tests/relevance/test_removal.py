"""Irrelevant weights become zeros, units without weights go, and what is computed stays the same."""

import keras
import numpy as np
import pytest

from nas_cli.relevance.plain import plain, variational
from nas_cli.relevance.removal import remove, threshold_curve, unused_units, zeros_stay
from nas_cli.relevance.variational import VariationalConv2D, VariationalDense
from tests.relevance.settings import ard

layers = keras.layers


def _dense(activation: str = "tanh") -> keras.Model:
    inputs = keras.Input((4,), name="x")
    first = layers.Dense(5, activation, name="a", bias_initializer="ones")(inputs)
    second = layers.Dense(3, activation, name="b", bias_initializer="ones")(first)
    return keras.Model(inputs, layers.Dense(2, name="logits", bias_initializer="ones")(second))


def _gaussian(model: keras.Model, kernels: dict[str, tuple[object, object]]) -> keras.Model:
    """The model with Gaussian weights; the entries of kernels (by layer: index, and of biases) made irrelevant."""
    made = variational(model, ard())
    for name, (kernel, bias) in kernels.items():
        for one, index in zip(made.get_layer(name).gaussians, (kernel, bias), strict=False):
            values = one.mean.numpy()
            if index is not None:
                values[index] *= 1e-6
            one.mean.assign(values)
    return made


def test_a_variational_copy_computes_the_same_and_back() -> None:
    inputs = keras.Input((6, 6, 2))
    tensor = layers.Rescaling(0.5)(inputs)
    tensor = layers.BatchNormalization()(layers.Conv2D(3, 3, strides=2, use_bias=False, name="c")(tensor))
    model = keras.Model(inputs, layers.Dense(2, name="d")(layers.Flatten()(layers.ReLU()(tensor))))
    x = np.random.default_rng(0).normal(size=(3, 6, 6, 2)).astype(np.float32)
    made = variational(model, ard(share="output"))
    assert isinstance(made.get_layer("c"), VariationalConv2D) and isinstance(made.get_layer("d"), VariationalDense)
    np.testing.assert_allclose(made(x), model(x), atol=1e-6)
    back = plain(made)
    assert [(type(one), one.name) for one in back.layers[1:]] == [(type(one), one.name) for one in model.layers[1:]]
    np.testing.assert_allclose(back(x), model(x), atol=1e-6)


def test_units_without_relevant_weights_go_physically_and_the_output_stays() -> None:
    """a[1] has no readers, b[0] no makers; behind b[0] nothing else changes, and a[4] was read by b[0] alone."""
    kernels = {"a": (None, None), "b": (([1, 1, 1, 0, 2, 3, 4, 4], [0, 1, 2, 0, 0, 0, 1, 2]), ([0],))}
    made = _gaussian(_dense(), kernels)
    made.get_layer("b").kernel.assign(_without(made.get_layer("b").kernel.numpy(), (4, 0)))
    removal = remove(made, 0.01)
    assert {name: mask.tolist() for name, mask in removal.keep.items()} == {
        "a": [True, False, True, True, False],
        "b": [False, True, True],
    }
    assert [removal.model.get_layer(name).units for name in "ab"] == [3, 2]
    x = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    np.testing.assert_allclose(removal.model(x), plain(made, 0.01)(x), atol=1e-6)
    assert removal.weights_before == 4 * 5 + 5 + 5 * 3 + 3 + 3 * 2 + 2
    assert removal.weights_after == removal.params_after == 4 * 3 + 3 + 3 * 2 + 2 + 2 * 2 + 2


def _without(kernel: np.ndarray, place: tuple[int, int]) -> np.ndarray:
    kernel[place] = 0.0
    return kernel


@pytest.mark.parametrize(("activation", "bias"), [("sigmoid", (0,)), ("tanh", None)])
def test_a_unit_that_gives_a_constant_stays(activation: str, bias: object) -> None:
    """A sigmoid of nothing is a half, and a bias alone is a constant: their readers need them."""
    made = _gaussian(_dense(activation), {"b": ((slice(None), 0), bias)})
    removal = remove(made, 0.01)
    assert removal.model.get_layer("b").units == 3
    x = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    np.testing.assert_allclose(removal.model(x), plain(made, 0.01)(x), atol=1e-6)


def test_inputs_that_nothing_reads_are_named_and_their_weights_zero() -> None:
    removal = remove(_gaussian(_dense(), {"a": (([0, 2],), None)}), 0.01)
    assert removal.unread_inputs.tolist() == [True, False, True, False]
    assert removal.weights_after == removal.params_after - 2 * 5


def test_filters_of_a_residual_sum_go_only_together() -> None:
    """Channel 1 is made by both operands; channel 2 by one alone."""
    inputs = keras.Input((4, 4, 1))
    one, other = (layers.Conv2D(3, 3, padding="same", name=name)(inputs) for name in ("p", "q"))
    tensor = layers.ReLU()(layers.Add()([one, other]))
    model = keras.Model(inputs, layers.Dense(2, name="d")(layers.GlobalAveragePooling2D()(tensor)))
    made = _gaussian(model, {"p": ((..., [1, 2]), None), "q": ((..., [1]), None)})
    removal = remove(made, 0.01)
    assert removal.model.get_layer("p").filters == removal.model.get_layer("q").filters == 2
    x = np.random.default_rng(0).normal(size=(5, 4, 4, 1)).astype(np.float32)
    np.testing.assert_allclose(removal.model(x), plain(made, 0.01)(x), atol=1e-6)


def test_a_network_that_would_be_cut_keeps_a_unit() -> None:
    made = _gaussian(_dense(), {"a": (..., ...), "b": (..., ...)})
    removal = remove(made, 0.01)
    assert removal.model.get_layer("a").units == 1
    x = np.ones((2, 4), np.float32)
    np.testing.assert_allclose(removal.model(x), plain(made, 0.01)(x), atol=1e-6)


def test_a_plain_model_without_zeros_keeps_all_units() -> None:
    assert unused_units(_dense()) == {}


def test_zeros_stay_zero_in_a_training() -> None:
    model = plain(_gaussian(_dense(), {"a": (([0],), None)}), 0.01)
    stay = zeros_stay(model)
    for weight in model.trainable_variables:
        weight.assign(weight + 1.0)
    stay.after_step(None)
    kernel = model.get_layer("a").kernel.numpy()
    assert (kernel[0] == 0).all() and (kernel[1:] != 0).all()
    assert float(stay.loss()) == 0.0


def test_the_curve_over_thresholds_falls_to_nothing() -> None:
    points = threshold_curve(_gaussian(_dense(), {}), [0.0, 1.0, 1e9], lambda model: float(model.count_params()))
    assert points[0].left == pytest.approx(1.0) and points[2].left == 0.0
    assert points[0].left >= points[1].left >= points[2].left
