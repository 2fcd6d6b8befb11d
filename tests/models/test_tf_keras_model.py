import os

import keras
import numpy as np
import pytest

from nas_cli.errors import ConfigError
from nas_cli.models.builder import build
from nas_cli.models.tf_keras_library import tf_keras, tfmot
from nas_cli.models.tf_keras_model import give_back, to_keras, to_tf_keras, twin
from nas_cli.spaces.architecture import Architecture, node

layers = keras.layers


def every_operation() -> Architecture:
    return Architecture(
        (
            node("input", shape=(9, 9, 2)),
            node("conv2d", (0,), filters=4, kernel=3, activation="relu"),
            node("batch_norm", (1,)),
            node("depthwise_conv2d", (2,), kernel=3, stride=2, multiplier=2, dilation=1),
            node("activation", (3,), activation="relu"),
            node("max_pool", (2,), size=2),
            node("merge", (4, 5), mode="concat"),
            node("merge", (4, 5), mode="sum"),
            node("shift", (7,)),
            node("zeros", (8,)),
            node("merge", (6, 9), mode="concat"),
            node("average_pool", (10,), size=2),
            node("subsample", (11,), size=2),
            node("dropout", (12,), rate=0.5),
            node("global_average_pool", (13,)),
            node("flatten", (12,)),
            node("merge", (14, 15), mode="sum"),
            node("dense", (16,), units=3),
        )
    )


def outputs(model, *inputs):
    return np.array(model(list(inputs) if len(inputs) > 1 else inputs[0], training=False))


def test_every_operation_of_the_builder_has_equal_outputs_there_and_back():
    model = build(every_operation(), [0.01, 0.02], [-1.0, 0.5])
    x = np.random.default_rng(1).uniform(0, 255, (3, 9, 9, 2)).astype(np.float32)
    there = to_tf_keras(model)
    assert isinstance(there, tf_keras().Model)
    np.testing.assert_allclose(outputs(there, x), outputs(model, x), atol=1e-5)
    back = to_keras(there)
    assert isinstance(back, keras.Model)
    np.testing.assert_allclose(outputs(back, x), outputs(model, x), atol=1e-5)


def test_adapted_statistics_come_along():
    norm = layers.Normalization()
    norm.adapt(np.random.default_rng(0).normal(5, 3, (50, 4)).astype(np.float32))
    model = keras.Sequential([keras.Input((4,)), norm, layers.Dense(2)])
    x = np.ones((2, 4), np.float32)
    np.testing.assert_allclose(outputs(to_tf_keras(model), x), outputs(model, x), atol=1e-5)


def test_shared_nested_models_with_two_inputs_become_flat():
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(6, name="d"), layers.BatchNormalization()], name="stem")
    one, two = keras.Input((6,)), keras.Input((6,))
    model = keras.Model([one, two], layers.Add()([inner(one, training=False), inner(two, training=False)]))
    there = to_tf_keras(model)
    assert "stem_d" in [layer.name for layer in there.layers]
    assert len([layer for layer in there.layers if type(layer).__name__ == "Dense"]) == 1
    assert not there.get_layer(there.layers[3].name).trainable_weights  # the batch norm was told never to train
    a, b = (np.random.default_rng(seed).normal(size=(2, 6)).astype(np.float32) for seed in (0, 1))
    np.testing.assert_allclose(outputs(there, a, b), outputs(model, a, b), atol=1e-5)


def test_a_model_in_bfloat16_is_converted_in_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
    finally:
        keras.config.set_dtype_policy("float32")
    assert to_tf_keras(model).compute_dtype == "float32"


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (lambda: layers.Lambda(lambda x: x, name="mine"), r"layer 'mine' \(Lambda\) has no counterpart"),
        (lambda: layers.RMSNormalization(name="mine"), r"layer 'mine' \(RMSNormalization\) has no counterpart"),
        (
            lambda: layers.Activation("hard_sigmoid", name="mine"),
            r"layer 'mine' \(Activation\) computes something else",
        ),
        (lambda: layers.Activation("hard_silu", name="mine"), r"layer 'mine' \(Activation\) cannot be made"),
    ],
)
def test_what_keras_2_lacks_is_named(layer, message):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(4), layer()])
    with pytest.raises(ConfigError, match=message):
        to_tf_keras(model)


def test_an_operation_that_is_no_layer_is_named():
    inputs = keras.Input((4,))
    with pytest.raises(ConfigError, match="operation 'multiply.*not a layer"):
        to_tf_keras(keras.Model(inputs, layers.Dense(2)(inputs * 2)))


def test_trained_weights_come_back_into_the_nested_layers():
    inner = keras.Sequential([keras.Input((3,)), layers.Dense(3, name="d")], name="stem")
    model = keras.Sequential([keras.Input((3,)), inner, layers.Dense(2)])
    pair = twin(model)
    pair.model.get_layer("stem_d").set_weights([np.eye(3), np.ones(3)])
    give_back(pair, pair.model)
    np.testing.assert_array_equal(inner.get_layer("d").get_weights()[0], np.eye(3))


def test_keras_3_and_the_environment_stay_what_they_were():
    import tensorflow as tf

    tfmot()
    assert "TF_USE_LEGACY_KERAS" not in os.environ
    assert tf.keras.layers.Dense is layers.Dense
    assert tf_keras().layers.Dense is not layers.Dense
