"""One small network for each kind of layer: what mask computes, shrink computes, and the prediction is the count."""

import importlib
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.costs import keras_layers
from nas_cli.models.load import load_model
from nas_cli.surgery import rules
from nas_cli.surgery.channels import find_channels
from nas_cli.surgery.shrink import shrink
from tests.surgery.agreement import answers, assert_agree, random_keep
from tests.surgery.random_weights import images, randomise

layers, ops = keras.layers, keras.ops

Body = Callable[[Any], Any]


def classifier(body: Body, shape: tuple[int, ...] = (6, 6, 3)) -> keras.Model:
    """The body between an image and three logits, all weights random."""
    image = keras.Input(shape, name="image")
    tensor = body(image)
    if len(tensor.shape) > 2:
        tensor = layers.Flatten(name="flat")(tensor)
    model = keras.Model(image, layers.Dense(3, name="logits")(tensor))
    randomise(model, np.random.default_rng(0))
    return model


def stack(*members: Any) -> Body:
    """Layers, and functions of tensors, one behind the other."""

    def body(tensor: Any) -> Any:
        for member in members:
            tensor = member(tensor)
        return tensor

    return body


def conv(filters: int = 4, size: int = 3, **options: Any) -> Any:
    return layers.Conv2D(filters, size, padding="same", **options)


def residual(inner: Body, join: Any = None) -> Body:
    return lambda tensor: (join or layers.Add())([tensor, inner(tensor)])


def gated(gate: Body) -> Body:
    return lambda tensor: layers.Multiply()([tensor, gate(tensor)])


def halves(tensor: Any) -> Any:
    left, right = ops.split(tensor, 2, axis=-1)
    return layers.Concatenate()([layers.ReLU()(left), conv(2, name="right")(right)])


def split(sections: Any, axis: int = -1) -> Body:
    """Every second piece goes its own way, and all meet again."""

    def body(tensor: Any) -> Any:
        pieces = ops.split(tensor, sections, axis=axis)
        return layers.Concatenate(axis)(
            [conv(2, name=f"piece_{at}")(piece) if at % 2 else piece for at, piece in enumerate(pieces)]
        )

    return body


def divided(tensor: Any) -> Any:
    """Divisions and logarithms of channels that the mask must not make zero."""
    positive = conv(4, activation="softplus", name="positive")(tensor)
    return layers.Concatenate()([ops.log(positive), ops.reciprocal(positive), 1.0 / positive, positive / positive])


def cbam(tensor: Any) -> Any:
    squeezed = layers.Concatenate()([ops.mean(tensor, axis=-1, keepdims=True), ops.max(tensor, -1, keepdims=True)])
    return tensor * conv(1, activation="sigmoid")(squeezed)


def shared_twice(tensor: Any) -> Any:
    shared, narrow = conv(4, name="shared"), conv(4, 1)
    return shared(shared(narrow(tensor)))


def nested(tensor: Any) -> Any:
    inner = keras.Sequential([keras.Input((6, 6, 4)), conv(4), layers.BatchNormalization()], name="in")
    outer = keras.Sequential([keras.Input((6, 6, 4)), inner, layers.ReLU()], name="out")
    return layers.Add()([outer(conv(4)(tensor)), outer(layers.ReLU()(conv(4)(tensor)))])


def attention(tensor: Any) -> Any:
    tokens = layers.Reshape((36, 4))(conv(4)(tensor))
    tokens = layers.Add()([tokens, layers.MultiHeadAttention(2, 2)(layers.LayerNormalization()(tokens), tokens)])
    return layers.Dense(4)(layers.Dense(8, activation="gelu")(tokens))


BODIES: dict[str, Body] = {
    "conv1d": stack(layers.Reshape((12, 9)), layers.Conv1D(5, 3), layers.Conv1D(4, 2), layers.MaxPooling1D(2)),
    "conv3d": stack(
        layers.Reshape((6, 6, 3, 1)), layers.Conv3D(4, 2), layers.Conv3D(3, (2, 2, 1)), layers.MaxPooling3D((2, 2, 1))
    ),
    "transposed": stack(conv(), layers.Conv2DTranspose(5, 3, 2), layers.Conv2DTranspose(4, 2, use_bias=False)),
    "transposed 1d": stack(layers.Reshape((12, 9)), layers.Conv1DTranspose(5, 3), layers.Conv1DTranspose(4, 3)),
    "depthwise": stack(conv(), layers.DepthwiseConv2D(3, depth_multiplier=2), layers.BatchNormalization(), conv()),
    "depthwise 1d": stack(layers.Reshape((12, 9)), layers.Conv1D(5, 3), layers.DepthwiseConv1D(3), layers.ReLU()),
    "separable": stack(conv(), layers.SeparableConv2D(6, 3, depth_multiplier=2), layers.SeparableConv2D(4, 3)),
    "separable 1d": stack(layers.Reshape((12, 9)), layers.Conv1D(5, 3), layers.SeparableConv1D(4, 3)),
    "grouped": stack(conv(6), conv(9, groups=3), layers.ReLU(), conv(4)),
    "depthwise as a grouped convolution": stack(conv(6), conv(6, groups=6), conv(4, 1)),
    "group normalisation": stack(conv(6), layers.GroupNormalization(3), layers.ReLU(), conv(4)),
    "instance normalisation": stack(conv(6), layers.GroupNormalization(-1), conv(4)),
    "layer normalisation": stack(conv(6), layers.LayerNormalization(), conv(4), layers.ReLU()),
    "layer normalisation over the map": stack(conv(6), layers.LayerNormalization(axis=[1, 2]), conv(4)),
    "rms normalisation": stack(conv(6), layers.RMSNormalization(), conv(4)),
    "unit normalisation": stack(conv(6), layers.UnitNormalization(), conv(4)),
    "batch norm without scale": stack(conv(), layers.BatchNormalization(scale=False), layers.ReLU(), conv()),
    "batch norm without shift": stack(conv(), layers.BatchNormalization(center=False), conv()),
    "prelu": stack(conv(), layers.PReLU(), conv(5), layers.PReLU(shared_axes=[1, 2]), conv()),
    "prelu for all channels": stack(conv(), layers.PReLU(shared_axes=[1, 2, 3]), conv()),
    "activations": stack(conv(activation="sigmoid"), layers.Activation("softplus"), layers.ELU(), layers.LeakyReLU()),
    "softmax of channels": stack(conv(), layers.Softmax(), conv(), layers.Activation("softmax"), conv()),
    "softmax of the map": stack(conv(), layers.Softmax(axis=[1, 2]), conv()),
    "softmax inside": stack(conv(), conv(activation="softmax"), conv()),
    "noise": stack(conv(), layers.GaussianNoise(0.1), layers.SpatialDropout2D(0.2), layers.AlphaDropout(0.1)),
    "dropout of equal channels": stack(conv(), layers.Dropout(0.3, noise_shape=(None, 1, 1, 4)), conv()),
    "rescaled inside": stack(conv(), layers.Rescaling([1.0, 2.0, 3.0, 4.0], offset=[0.1, 0.2, 0.3, 0.4]), conv()),
    "normalised inside": stack(conv(2), layers.Normalization(mean=[1.0, 2.0], variance=[1.0, 4.0]), conv()),
    "residual": stack(conv(), residual(stack(conv(5), layers.ReLU(), conv())), layers.ReLU(), conv()),
    "subtract": stack(conv(), residual(conv(), layers.Subtract())),
    "average": stack(conv(), residual(conv(), layers.Average()), residual(conv(), layers.Maximum())),
    "minimum": stack(conv(), residual(conv(), layers.Minimum())),
    "squeeze and excite": stack(
        conv(),
        gated(stack(layers.GlobalAveragePooling2D(keepdims=True), conv(2, 1), conv(4, 1, activation="sigmoid"))),
        conv(),
    ),
    "squeeze and excite by vectors": stack(
        conv(), gated(stack(layers.GlobalMaxPooling2D(), layers.Dense(2), layers.Dense(4), layers.Reshape((1, 1, 4))))
    ),
    "gate of the map": stack(conv(), gated(conv(1, activation="sigmoid")), conv()),
    "attention over channels and map": stack(conv(), cbam, conv()),
    "concatenation": stack(
        lambda x: layers.Concatenate()([conv(2)(x), x, conv(3)(x)]), layers.BatchNormalization(), conv()
    ),
    "concatenation of rows": stack(conv(), lambda x: layers.Concatenate(axis=1)([conv(4)(x), conv(4)(x)]), conv()),
    "dense block": stack(residual(conv(), layers.Concatenate()), residual(conv(), layers.Concatenate()), conv()),
    "flatten and back": stack(conv(), layers.Flatten(), layers.Reshape((6, 6, 4)), conv()),
    "unflatten": stack(layers.Flatten(), layers.Dense(16), layers.Reshape((2, 2, 4)), layers.Conv2D(3, 1)),
    "rows into channels": stack(conv(), layers.Reshape((6, 24)), layers.Conv1D(4, 1)),
    "permute": stack(conv(), layers.Permute((3, 1, 2)), layers.Permute((2, 3, 1)), conv()),
    "transpose": stack(conv(), lambda x: ops.transpose(x, (0, 2, 1, 3)), conv()),
    "channels along the rows": stack(conv(6), layers.Permute((3, 2, 1)), conv(4)),
    "repeat a vector": stack(layers.Flatten(), layers.Dense(5), layers.RepeatVector(3), layers.Conv1D(4, 2)),
    "global pooling": stack(conv(), layers.GlobalMaxPooling2D(keepdims=True), layers.Conv2D(5, 1), layers.Flatten()),
    "padding and cropping": stack(conv(), layers.ZeroPadding2D(1), layers.Cropping2D(((1, 0), (0, 2))), conv()),
    "upsampling": stack(conv(), layers.UpSampling2D(2), layers.UpSampling2D(2, interpolation="bilinear"), conv()),
    "pooling": stack(conv(), layers.MaxPooling2D(2), layers.AveragePooling2D(3, padding="same"), conv()),
    "resizing": stack(conv(), layers.Resizing(9, 9), layers.CenterCrop(5, 5), layers.AdaptiveAveragePooling2D(2)),
    "padded channels": stack(
        conv(3), lambda x: conv(5)(x) + layers.ZeroPadding2D(((0, 0), (0, 2)), "channels_first")(x), conv()
    ),
    "padded vectors": stack(
        layers.Flatten(),
        layers.Dense(5),
        lambda x: layers.Dense(8)(x) + layers.Reshape((8,))(layers.ZeroPadding1D((1, 2))(layers.Reshape((5, 1))(x))),
    ),
    "padded by an operation": stack(conv(), lambda x: ops.pad(x, ((0, 0), (1, 1), (0, 0), (2, 1))), conv()),
    "cropped channels": stack(conv(6), layers.Cropping2D(((0, 0), (1, 2)), "channels_first"), conv()),
    "slices": stack(conv(6), lambda x: layers.Concatenate()([x[..., :2], x[:, :, :, 2:-1]]), lambda x: x[:, ::2, 1:]),
    "one channel of a tensor": stack(conv(6), lambda x: layers.Flatten()(x[..., 2])),
    "every second channel": stack(conv(6), lambda x: x[..., ::2], conv()),
    "split": stack(conv(), halves, conv()),
    "split into single channels": stack(conv(), split(4), conv()),
    "split at given channels": stack(conv(6), split([1, 2, 5]), conv()),
    "split behind a grouped convolution": stack(conv(6), conv(6, groups=3), split(3), conv()),
    "split of units": stack(layers.Flatten(), layers.Dense(6), lambda x: ops.concatenate(ops.split(x, [1, 2], -1), -1)),
    "squeeze without an axis": stack(
        layers.Flatten(), layers.Dense(6), lambda x: ops.squeeze(x[:, None, None, :]), layers.Dense(4)
    ),
    "repeat of channels": stack(conv(), lambda x: ops.repeat(x, [1, 2, 3, 1], axis=-1), conv()),
    "repeat of rows": stack(conv(), lambda x: ops.repeat(x, [1, 2, 3, 1, 1, 1], axis=1), conv()),
    "average of the map": stack(conv(), lambda x: ops.average(x, axis=1), layers.Conv1D(4, 2)),
    "average of channels": stack(conv(), lambda x: ops.average(x, axis=-1)),
    "weighted average": stack(conv(), lambda x: ops.average(x, axis=2, weights=np.ones(6, "float32"))),
    "product with an array": stack(conv(), lambda x: ops.dot(x, np.ones((4, 5), "float32")), conv()),
    "infinite at zero": stack(conv(), divided, conv()),
    "rescaled rows": stack(
        conv(6), layers.Permute((3, 1, 2)), layers.Rescaling(np.arange(1.0, 7.0).reshape((6, 1, 1)).tolist())
    ),
    "rescaled columns, as many as channels": stack(
        conv(6), layers.Permute((3, 1, 2)), layers.Rescaling([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    ),
    "normalised along the first axis": stack(
        conv(6), layers.Permute((3, 1, 2)), layers.Normalization(1, mean=[1.0, 2, 3, 4, 5, 6], variance=[2.0] * 6)
    ),
    "normalised along two axes": stack(
        conv(2), layers.Normalization((-1, 1), mean=np.ones((6, 2)).tolist(), variance=np.ones((6, 2)).tolist())
    ),
    "normalised by weights": stack(conv(), layers.Normalization(), conv()),
    "normalised rows by weights": stack(conv(6), layers.Permute((3, 1, 2)), layers.Normalization((1, 2))),
    "constants": stack(conv(), lambda x: (x + 3.0) * np.array([1, 2, 3, 4], "float32"), lambda x: 1.0 - x / 2.0),
    "operations": stack(conv(), ops.relu6, ops.square, lambda x: ops.clip(x, 0, 5), lambda x: ops.mean(x, (1, 2))),
    "expand and squeeze": stack(layers.GlobalMaxPooling2D(), layers.Dense(6), lambda x: x[:, None, None], conv()),
    "shared convolution": shared_twice,
    "nested models called twice": nested,
    "attention": attention,
    "dense on maps": stack(layers.Dense(5), layers.ReLU(), layers.Dense(4)),
}  # fmt: skip


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 6))])
@pytest.mark.parametrize("name", BODIES)
def test_every_kind_of_layer(name: str, seed: int) -> None:
    model = classifier(BODIES[name])
    channels = find_channels(model)
    keep = random_keep(channels, np.random.default_rng(seed))
    assert_agree(model, channels, keep, shrink(model, keep))


@pytest.mark.slow
@pytest.mark.parametrize("name", BODIES)
def test_every_kind_of_layer_is_saved_and_loaded(name: str, tmp_path: Path) -> None:
    model = classifier(BODIES[name])
    batch = images(model, np.random.default_rng(0)) / 255
    shrunk = shrink(model, random_keep(find_channels(model), np.random.default_rng(1)))
    shrunk.save(tmp_path / "shrunk.keras")
    loaded = load_model(tmp_path / "shrunk.keras")
    np.testing.assert_allclose(answers(loaded, batch), answers(shrunk, batch), rtol=1e-5, atol=1e-5)


SAME = {"Add", "Concatenate", "Maximum", "Minimum", "Multiply", "Reshape", "Softmax", "Subtract"}
"""Names of a layer and of an operation that compute the same."""


@pytest.mark.parametrize(
    ("table", "operations"),
    [(rules._RULES, rules._OPERATIONS), (keras_layers._COUNTS, keras_layers._OPERATIONS)],
    ids=["rules", "costs"],
)
def test_no_operation_is_taken_for_the_layer_of_its_name(table: Mapping[str, Any], operations: Any) -> None:
    operation = keras.Operation
    members = [vars(importlib.import_module(f"keras.src.ops.{name}")) for name in ("numpy", "nn", "math", "core")]
    classes = {name: value for member in members for name, value in member.items() if inspect.isclass(value)}
    found = {name for name, value in classes.items() if issubclass(value, operation) and value is not operation}
    named = {name for name in found if inspect.isclass(getattr(layers, name, None))}
    assert len(found) > 100 and named >= SAME
    assert {name for name in named if name in table} <= SAME | set(operations)


def test_channels_of_the_first_axis_are_rescaled_by_the_first_factors() -> None:
    """With channels first, Keras puts the factors (but not the offsets) along the third axis from the end."""
    before, factors = keras.config.image_data_format(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    keras.config.set_image_data_format("channels_first")
    try:
        convolved = stack(layers.Permute((3, 1, 2)), layers.Conv2D(6, 1, use_bias=False))
        model = classifier(stack(convolved, layers.Rescaling(factors, [1.0] * 6)))
        channels = find_channels(model)
        keep = random_keep(channels, np.random.default_rng(0))
        assert_agree(model, channels, keep, shrink(model, keep))
    finally:
        keras.config.set_image_data_format(before)
