"""The fused kernel computes what Keras' batch normalisation computes."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from nas_cli.training.fused_batch_norm import fused_batch_norm


def model(policy: str = "float32") -> Any:
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy(policy)
    try:
        return built()
    finally:
        keras.config.set_dtype_policy("float32")


def built() -> Any:
    inputs = keras.Input((4, 4, 3))
    x = keras.layers.BatchNormalization(momentum=0.8, epsilon=1e-3, name="norm")(inputs)
    return keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(x)))


def step(network: Any, fused: bool) -> list[Any]:
    images = np.random.default_rng(0).normal(3, 2, (8, 4, 4, 3)).astype(np.float32)

    def run() -> list[Any]:
        with tf.GradientTape() as tape:
            outputs = network(images, training=True)
            loss = tf.reduce_sum(outputs**2)
        variables = [variable.value for variable in network.trainable_variables]
        return [outputs, *tape.gradient(loss, variables)]

    if fused:
        with fused_batch_norm(network):
            found = run()
    else:
        found = run()
    return [np.array(value) for value in [*found, *network.variables]]


@pytest.mark.parametrize(("policy", "tolerance"), [("float32", 1e-4), ("mixed_bfloat16", 2e-2)])
def test_outputs_gradients_and_moving_statistics_equal_keras(policy: str, tolerance: float) -> None:
    for ours, theirs in zip(step(model(policy), True), step(model(policy), False), strict=True):
        assert ours.dtype == theirs.dtype
        ours, theirs = ours.astype(np.float32), theirs.astype(np.float32)
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * np.abs(theirs).max())


def test_the_layer_is_its_own_again_afterwards() -> None:
    network = model()
    with fused_batch_norm(network):
        assert "call" in vars(network.get_layer("norm"))
    assert "call" not in vars(network.get_layer("norm"))
