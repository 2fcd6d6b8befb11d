"""One small network for each kind of layer: what mask computes, shrink computes, and the prediction is the count."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.models.load import load_model
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
    return layers.Concatenate()([layers.ReLU()(left), conv(2)(right)])


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
    "constants": stack(conv(), lambda x: (x + 3.0) * np.array([1, 2, 3, 4], "float32"), lambda x: 1.0 - x / 2.0),
    "operations": stack(conv(), ops.relu6, ops.square, lambda x: ops.clip(x, 0, 5), lambda x: ops.mean(x, (1, 2))),
    "expand and squeeze": stack(layers.GlobalMaxPooling2D(), layers.Dense(6), lambda x: x[:, None, None], conv()),
    "shared convolution": shared_twice,
    "nested models called twice": nested,
    "attention": attention,
    "dense on maps": stack(layers.Dense(5), layers.ReLU(), layers.Dense(4)),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_every_kind_of_layer(name: str, tmp_path: Path) -> None:
    model = classifier(BODIES[name])
    channels = find_channels(model)
    batch = images(model, np.random.default_rng(0)) / 255
    for seed in range(2):
        keep = random_keep(channels, np.random.default_rng(seed))
        shrunk = shrink(model, keep)
        assert_agree(model, channels, keep, shrunk)
    shrunk.save(tmp_path / "shrunk.keras")
    loaded = load_model(tmp_path / "shrunk.keras")
    np.testing.assert_allclose(answers(loaded, batch), answers(shrunk, batch), rtol=1e-5, atol=1e-5)
