"""Skip connections that change nothing at first."""

import keras
import numpy as np
import pytest

from nas_cli.errors import ConfigError
from nas_cli.surgery.grow import skip, widen
from tests.surgery.agreement import answers
from tests.surgery.random_weights import images, randomise

layers = keras.layers


def network() -> keras.Model:
    """Maps of 9×9, 4×4 with normalisation, a flattened vector."""
    image = keras.Input((9, 9, 2))
    x = layers.Conv2D(3, 3, padding="same", activation="relu", name="first")(image)
    x = layers.Conv2D(4, 3, strides=2, activation="relu", name="second")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Flatten(name="flat")(x)
    x = layers.Dense(5, activation="relu", name="hidden")(x)
    model = keras.Model(image, layers.Dense(2, name="logits")(x))
    randomise(model, np.random.default_rng(0))
    return model


def test_answers_stay_and_readers_have_weights_of_zero_for_the_new_channels() -> None:
    model = network()
    joined = skip(model, "first", "second")
    batch = images(model, np.random.default_rng(1))
    np.testing.assert_allclose(answers(joined, batch), answers(model, batch), atol=1e-5)
    kernel = joined.get_layer("hidden").kernel.numpy().reshape(16, 7, 5)
    np.testing.assert_array_equal(kernel[:, :4], model.get_layer("hidden").kernel.numpy().reshape(16, 4, 5))
    assert not kernel[:, 4:].any()
    assert joined.get_layer("norm").gamma.shape == (7,)


def test_a_second_connection_to_the_same_layer_and_a_wider_source() -> None:
    model = network()
    twice = skip(skip(model, "first", "second"), "first", "norm")
    wide = widen(twice, "first", 5, np.random.default_rng(0))
    batch = images(model, np.random.default_rng(1))
    np.testing.assert_allclose(answers(wide, batch), answers(model, batch), atol=1e-4)


def test_a_way_that_ends_in_a_sum_or_the_output_is_refused() -> None:
    image = keras.Input((4, 4, 2))
    first = layers.Conv2D(2, 1, name="first")(image)
    second = layers.Conv2D(2, 1, name="second")(first)
    total = layers.Add(name="sum")([first, second])
    model = keras.Model(image, layers.Conv2D(3, 1, name="last")(total))
    with pytest.raises(ConfigError, match="'first' cannot be joined to 'second'"):
        skip(model, "first", "second")
    with pytest.raises(ConfigError, match="model output, which the new channels would change"):
        skip(model, "first", "last")
    with pytest.raises(ConfigError, match="'third' must be a layer"):
        skip(model, "third", "second")


@pytest.mark.parametrize("kind", ["LayerNormalization", "Softmax", "UnitNormalization"])
def test_a_layer_that_mixes_channels_by_itself_is_refused(kind: str) -> None:
    image = keras.Input((6,))
    first = layers.Dense(4, "relu", name="first")(image)
    second = layers.Dense(4, "relu", name="second")(first)
    model = keras.Model(image, layers.Dense(2)(getattr(layers, kind)(name="mix")(second)))
    with pytest.raises(ConfigError, match="'mix' mixes"):
        skip(model, "first", "second")


def test_a_target_before_its_source_is_refused() -> None:
    with pytest.raises(ConfigError):
        skip(network(), "hidden", "first")
