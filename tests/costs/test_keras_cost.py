from typing import Any

import keras
import pytest

from nas_cli.costs.cost import Cost
from nas_cli.costs.keras_cost import model_cost
from nas_cli.errors import ConfigError

layers = keras.layers


def _cost(shape: tuple[int | None, ...], *stack: Any) -> Cost:
    return model_cost(keras.Sequential([keras.Input(shape), *stack]))


@pytest.mark.parametrize(
    ("shape", "layer", "macs", "other"),
    [
        ((8, 3), layers.Conv1D(5, 3, padding="same"), 8 * 3 * 3 * 5, 40),
        ((8, 8, 4), layers.Conv2D(6, 3, strides=2, groups=2, use_bias=False), 9 * 9 * 2 * 6, 0),
        ((4, 4, 4, 2), layers.Conv3D(3, 2, activation="relu"), 27 * 8 * 2 * 3, 2 * 81),
        ((8, 8, 4), layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2), 64 * 9 * 8, 64 * 8),
        ((8, 8, 4), layers.SeparableConv2D(6, 3, padding="same"), 64 * 9 * 4 + 64 * 4 * 6, 64 * 6),
        ((4, 4, 2), layers.Conv2DTranspose(3, 2, strides=2), 16 * 4 * 2 * 3, 64 * 3),
        ((7, 10), layers.Dense(3), 7 * 10 * 3, 21),
        ((10,), layers.Dense(3, activation="softmax"), 30, 6),
        ((6, 6, 2), layers.BatchNormalization(), 0, 144),
        ((6,), layers.LayerNormalization(), 0, 42),
        ((6, 6, 2), layers.AveragePooling2D(3), 0, 8 * 9),
        ((6, 6, 2), layers.GlobalAveragePooling2D(), 0, 72),
        ((6, 6, 2), layers.Activation("swish"), 0, 72),
        ((6, 6, 2), layers.PReLU(), 0, 72),
        ((6, 6, 2), layers.ZeroPadding2D(1), 0, 0),
        ((6, 6, 2), layers.Dropout(0.3), 0, 0),
        ((6, 6, 2), layers.Reshape((72,)), 0, 0),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, layers.Layer) else "",
)
def test_one_layer_counted_by_hand(shape: tuple[int, ...], layer: Any, macs: int, other: int) -> None:
    cost = _cost(shape, layer)
    assert (cost.macs, cost.flops, cost.other_flops) == (macs, 2 * macs, other)
    assert cost.params == layer.count_params()


def test_a_squeeze_excitation_block() -> None:
    image = keras.Input((4, 4, 8))
    gate = layers.GlobalAveragePooling2D(keepdims=True)(image)
    gate = layers.Conv2D(2, 1, activation="relu")(gate)
    gate = layers.Conv2D(8, 1, activation="sigmoid")(gate)
    cost = model_cost(keras.Model(image, layers.Multiply()([image, gate])))
    assert cost.macs == 16 + 16
    assert cost.other_flops == 128 + 2 * 2 + 2 * 8 + 128
    assert cost.activation_bytes == 4 * (128 + 128 + 8)


def test_operators_on_tensors_count_like_layers() -> None:
    image = keras.Input((4, 4, 8))
    cost = model_cost(keras.Model(image, (image + 3.0) * image))
    assert (cost.macs, cost.other_flops) == (0, 256)


def test_a_layer_called_twice_has_its_parameters_once_and_its_arithmetic_twice() -> None:
    shared = layers.Dense(4)
    left, right = keras.Input((3,)), keras.Input((3,))
    model = keras.Model([left, right], layers.Concatenate()([shared(left), shared(right)]))
    cost = model_cost(model)
    assert cost.params == model.count_params() == 16
    assert cost.macs == 2 * 12


def test_nested_models_are_opened_and_named_by_their_path() -> None:
    inner = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3, name="conv"), layers.ReLU()], name="stem")
    image = keras.Input((8, 8, 3))
    once = inner(image)
    both = layers.Add()([once, inner(layers.Dropout(0.1)(image))])
    model = keras.Model(image, layers.Dense(2)(layers.Flatten()(both)))
    cost = model_cost(model)
    assert cost.params == model.count_params()
    assert cost.macs == 2 * (36 * 27 * 4) + 36 * 4 * 2
    assert [layer.name for layer in cost.layers].count("stem/conv") == 2


def test_frozen_layers_do_not_train() -> None:
    model = keras.Sequential([keras.Input((3,)), layers.Dense(4, trainable=False), layers.Dense(2)])
    cost = model_cost(model)
    assert (cost.params, cost.trainable_params) == (26, 10)


def test_standardising_the_input_is_not_counted() -> None:
    plain = _cost((4, 4, 3), layers.Conv2D(2, 3))
    standardised = _cost((4, 4, 3), layers.Rescaling([1.0, 1.0, 1.0], [0.0, 0.0, 0.0]), layers.Conv2D(2, 3))
    assert standardised.other_flops == plain.other_flops
    assert standardised.activation_bytes == plain.activation_bytes
    assert standardised.training_activation_bytes == plain.training_activation_bytes


def test_an_unknown_layer_is_named_by_its_path() -> None:
    class Doubled(keras.layers.Dense):  # type: ignore[misc, unused-ignore]
        def call(self, inputs: Any) -> Any:
            return 2 * super().call(inputs)

    inner = keras.Sequential([keras.Input((3,)), Doubled(4, name="odd")], name="head")
    model = keras.Sequential([keras.Input((3,)), inner])
    with pytest.raises(ConfigError, match="layer 'head/odd' is a .*Doubled, which the cost model cannot count"):
        model_cost(model)
    with pytest.raises(ConfigError, match="layer 'memory' is a .*LSTM"):
        _cost((5, 3), layers.LSTM(4, name="memory"))


def test_models_without_a_graph_or_a_fixed_size_are_refused() -> None:
    with pytest.raises(ConfigError, match="has no layer graph"):
        model_cost(keras.Sequential([layers.Dense(3)]))
    with pytest.raises(ConfigError, match="build the model with a fixed input shape"):
        _cost((None, None, 3), layers.Conv2D(2, 3))
