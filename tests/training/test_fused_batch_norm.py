"""The fused kernel computes what Keras' batch normalisation computes."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nas_cli.training.fused_batch_norm import fused_batch_norm


def model() -> Any:
    keras.utils.set_random_seed(0)
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


def test_outputs_gradients_and_moving_statistics_equal_keras() -> None:
    for ours, theirs in zip(step(model(), True), step(model(), False), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def test_the_layer_is_its_own_again_afterwards() -> None:
    network = model()
    with fused_batch_norm(network):
        assert "call" in vars(network.get_layer("norm"))
    assert "call" not in vars(network.get_layer("norm"))
