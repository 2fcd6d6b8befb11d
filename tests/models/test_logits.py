"""Model files that end in softmax are trained on their logits."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.errors import ConfigError
from nas_cli.models.reference import open_model
from nas_cli.models.settings import ModelSettings

layers = keras.layers
ENDS = {
    "activation": [layers.Dense(3, activation="softmax")],
    "activation layer": [layers.Dense(3), layers.Activation("softmax")],
    "softmax layer": [layers.Dense(3), layers.Softmax()],
    "nested": [keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="softmax")])],
}


def opened(file: Path, keep_weights: bool = True, classes: int = 3) -> Any:
    return open_model(ModelSettings(name=str(file), keep_weights=keep_weights, width=None, weights=None), (5,), classes)


def saved(folder: Path, model: Any) -> Path:
    model.save(folder / "net.keras")
    return folder / "net.keras"


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("functional", [True, False])
def test_the_logits_are_what_softmax_was_given(end: str, functional: bool, tmp_path: Path) -> None:
    x = np.random.default_rng(0).standard_normal((6, 5)).astype(np.float32)
    model: Any = keras.Sequential([keras.Input((5,)), layers.Dense(4, activation="relu"), *ENDS[end]])
    if functional:
        tensor = inputs = keras.Input((5,))
        for layer in model.layers:
            tensor = layer(tensor)
        model = keras.Model(inputs, tensor)
    logits = opened(saved(tmp_path, model))(x)
    assert np.abs(np.sum(logits, axis=1) - 1).max() > 1e-3
    np.testing.assert_allclose(keras.ops.softmax(logits), model(x), rtol=1e-5, atol=1e-6)
    fresh = opened(tmp_path / "net.keras", keep_weights=False)(x)
    assert np.abs(np.sum(fresh, axis=1) - 1).max() > 1e-3


def test_logits_and_a_single_output_are_left_alone(tmp_path: Path) -> None:
    x = np.ones((2, 5), np.float32)
    for units, activation in ((3, None), (3, "log_softmax"), (1, "sigmoid")):
        model = keras.Sequential([keras.Input((5,)), layers.Dense(units, activation=activation)])
        np.testing.assert_array_equal(opened(saved(tmp_path, model), classes=units)(x), model(x))


def test_a_softmax_layer_that_cannot_be_taken_off_is_named(tmp_path: Path) -> None:
    inner = keras.Sequential([keras.Input((5,)), layers.Dense(3), layers.Softmax(name="last")])
    model = keras.Sequential([keras.Input((5,)), inner])
    with pytest.raises(ConfigError, match="'last', a softmax inside a nested model"):
        opened(saved(tmp_path, model))


def test_several_inputs_or_outputs_are_refused_in_one_line(tmp_path: Path) -> None:
    one, two = keras.Input((5,)), keras.Input((5,))
    answer = layers.Dense(3)
    for model in (keras.Model([one, two], answer(layers.Add()([one, two]))), keras.Model(one, [answer(one)] * 2)):
        with pytest.raises(ConfigError, match=r"has \d inputs and \d outputs: only networks with one") as caught:
            opened(saved(tmp_path, model))
        assert "\n" not in str(caught.value)
