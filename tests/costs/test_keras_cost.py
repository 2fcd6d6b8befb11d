from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.costs.cost import Cost
from nas_cli.costs.keras_cost import model_cost
from nas_cli.errors import ConfigError

layers, ops = keras.layers, keras.ops


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
        ((6, 6, 4), layers.GroupNormalization(2), 0, 7 * 144),
        ((6, 6, 2), layers.UpSampling2D(2, interpolation="bilinear"), 0, 7 * 288),
        ((6, 6, 2), layers.UpSampling2D(2), 0, 0),
        ((6, 6, 2), layers.Resizing(3, 4), 0, 7 * 24),
        ((6, 6, 2), layers.AdaptiveAveragePooling2D(2), 0, 72),
        ((6, 6, 2), layers.RandomFlip(), 0, 0),
        ((5, 3), layers.LSTM(4), 5 * 4 * 4 * (3 + 4), 5 * 4 * (4 * 2 + 5)),
        ((5, 3), layers.Bidirectional(layers.SimpleRNN(4)), 2 * 5 * 4 * 7, 2 * 5 * 4 * 2),
        ((2, 6, 6, 3), layers.ConvLSTM2D(4, 3), 2 * 4 * 16 * 9 * 4 * (3 + 4), 2 * 16 * 4 * 13),
        ((5, 8, 8, 3), layers.TimeDistributed(layers.Conv2D(4, 3)), 5 * 36 * 27 * 4, 5 * 36 * 4),
        ((8, 8, 3), layers.SpectralNormalization(layers.Conv2D(4, 3)), 36 * 27 * 4, 36 * 4),
        ((7, 10), layers.EinsumDense("abc,cd->abd", (7, 3), bias_axes="d"), 7 * 10 * 3, 21),
        ((7, 10), layers.EinsumDense("...c,cd->...d", 3, activation="relu"), 7 * 10 * 3, 21),
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


@pytest.mark.parametrize(
    ("operation", "macs", "other"),
    [
        (lambda image: keras.ops.relu6(image), 0, 128),
        (lambda image: keras.ops.leaky_relu(image), 0, 128),
        (lambda image: keras.ops.mean(image, axis=(1, 2)), 0, 128),
        (lambda image: keras.ops.max_pool(image, 2), 0, 32 * 4),
        (lambda image: keras.ops.image.resize(image, (2, 2)), 0, 7 * 32),
        (lambda image: keras.ops.stack([image, image], axis=1), 0, 0),
        (lambda image: image[..., :3], 0, 0),
        (lambda image: keras.ops.matmul(image, keras.ops.transpose(image, (0, 1, 3, 2))), 4 * 4 * 4 * 8, 0),
        (lambda image: keras.ops.einsum("bhwc,bhvc->bhwv", image, image), 4 * 4 * 4 * 8, 0),
        (lambda image: keras.ops.where(image > 0, image, 0.0), 0, 2 * 128),
    ],
)
def test_operations_of_keras_ops_counted_by_hand(operation: Any, macs: int, other: int) -> None:
    image = keras.Input((4, 4, 8))
    cost = model_cost(keras.Model(image, operation(image)))
    assert (cost.macs, cost.other_flops) == (macs, other)


def test_attention_without_projections_counted_by_hand() -> None:
    tokens, memory = keras.Input((6, 10)), keras.Input((4, 10))
    for layer, other in ((layers.Attention(), 2 * 24), (layers.AdditiveAttention(), 2 * 24 + 2 * 24 * 10)):
        cost = model_cost(keras.Model([tokens, memory], layer([tokens, memory])))
        assert (cost.macs, cost.other_flops) == (24 * (10 + 10), other)
    cost = model_cost(keras.Model([tokens, memory], layers.Dot(axes=2)([tokens, memory])))
    assert cost.macs == 6 * 4 * 10


def test_masks_are_not_taken_for_keys() -> None:
    tokens, memory, seen = keras.Input((6, 10)), keras.Input((4, 12)), keras.Input((6, 4), dtype="bool")
    layer = layers.MultiHeadAttention(2, 3, value_dim=5)
    masked = keras.Model([tokens, memory, seen], layer(tokens, memory, attention_mask=seen))
    assert model_cost(masked).macs == model_cost(keras.Model([tokens, memory], layer(tokens, memory))).macs
    plain, value, known = layers.Attention(), keras.Input((4, 10)), keras.Input((4,), dtype="bool")
    asked = keras.Model([tokens, value, known], plain([tokens, value], mask=[None, known]))
    assert model_cost(asked).macs == 24 * 20


def test_products_with_arrays_and_any_axes() -> None:
    tokens = keras.Input((6, 10))
    left, right = np.ones((5, 6), "float32"), np.ones((10, 4), "float32")
    assert model_cost(keras.Model(tokens, ops.matmul(left, tokens))).macs == 5 * 6 * 10
    assert model_cost(keras.Model(tokens, ops.matmul(tokens, right))).macs == 6 * 10 * 4
    assert model_cost(keras.Model(tokens, ops.dot(tokens, right))).macs == 6 * 10 * 4
    assert model_cost(keras.Model(tokens, ops.einsum("...i,ij->...j", tokens, right))).macs == 6 * 10 * 4
    assert model_cost(keras.Model(tokens, ops.einsum("bti,bsi->bts", tokens, tokens))).macs == 6 * 10 * 6
    assert model_cost(keras.Model(tokens, ops.einsum("ij,b...j->b...i", right.T, tokens))).macs == 6 * 10 * 4


def test_products_over_the_batch_are_refused() -> None:
    tokens = keras.Input((10,), name="tokens")
    with pytest.raises(ConfigError, match="is a Matmul which sums over the batch, which the cost model cannot count"):
        model_cost(keras.Model(tokens, ops.matmul(np.ones((3, 7), "float32"), tokens)))


def test_an_average_is_a_reduction() -> None:
    """Its class has the name of the layer that averages tensors."""
    image = keras.Input((4, 4, 3))
    assert model_cost(keras.Model(image, ops.average(image, axis=1))).other_flops == 48
    assert model_cost(keras.Model(image, layers.Average()([image, image, image]))).other_flops == 48 * 2


def test_grouped_queries_share_keys_and_values() -> None:
    tokens = keras.Input((6, 10))
    model = keras.Model(tokens, layers.GroupQueryAttention(3, 4, 2)(tokens, tokens))
    cost = model_cost(model)
    assert cost.macs == 2 * 6 * 10 * 12 + 2 * 6 * 10 * 6 + 4 * 36 * (3 + 3)
    assert cost.params == model.count_params()


def test_attention_counted_by_hand() -> None:
    tokens, memory = keras.Input((6, 10)), keras.Input((4, 12))
    model = keras.Model([tokens, memory], layers.MultiHeadAttention(2, 3, value_dim=5)(tokens, memory))
    cost = model_cost(model)
    projections = 6 * 10 * 6 + 4 * 12 * 6 + 4 * 12 * 10 + 6 * 10 * 10
    assert cost.macs == projections + 2 * 6 * 4 * (3 + 5)
    assert cost.params == model.count_params()


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
    with pytest.raises(ConfigError, match="layer 'hidden' is a .*Masking"):
        _cost((5, 3), layers.Masking(name="hidden"))


def test_models_without_a_graph_or_a_fixed_size_are_refused() -> None:
    with pytest.raises(ConfigError, match="has no layer graph"):
        model_cost(keras.Sequential([layers.Dense(3)]))
    with pytest.raises(ConfigError, match="build the model with a fixed input shape"):
        _cost((None, None, 3), layers.Conv2D(2, 3))
