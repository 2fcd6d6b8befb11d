"""What a step changes, worked out beside the model instead of in it."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from nas_cli.bench.measuring.steps import change, learned, local_step


@pytest.fixture
def model() -> Any:
    keras.utils.set_random_seed(3)
    return keras.Sequential([
        keras.Input((6, 6, 2)),
        keras.layers.Conv2D(4, 3),
        keras.layers.BatchNormalization(),
        keras.layers.Flatten(),
        keras.layers.Dense(5),
    ])  # fmt: skip


def batch() -> tuple[Any, Any]:
    return tf.random.stateless_uniform((8, 6, 6, 2), (1, 2)), tf.constant([0, 1, 2, 3, 4, 0, 1, 2])


def test_the_change_is_that_of_a_step_statistics_included(model: Any) -> None:
    before = [variable.numpy() for variable in learned(model)]
    changes = tf.function(lambda values: change(model, values, *batch()))([tf.constant(one) for one in before])
    for variable, value in zip(learned(model), before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    local_step(model, *batch(), list)()
    for variable, value, changed in zip(learned(model), before, changes, strict=True):
        np.testing.assert_allclose(value + changed.numpy(), variable.numpy(), rtol=1e-5, atol=1e-7)
    assert len(learned(model)) == 8 and all(np.any(changed.numpy()) for changed in changes)


def test_dropout_draws_anew_in_every_step() -> None:
    layers = [keras.Input((6, 6, 2)), keras.layers.Flatten(), keras.layers.Dropout(0.5), keras.layers.Dense(5)]
    model = keras.Sequential(layers)
    values = [tf.constant(variable.numpy()) for variable in learned(model)]
    drawn = tf.function(lambda: change(model, values, *batch()))
    assert np.any(drawn()[0].numpy() != drawn()[0].numpy())
