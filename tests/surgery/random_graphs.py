"""Small random image classifiers that mix the layers a network can be built of; one seed always gives one network."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from tests.surgery.random_weights import images, randomise

Block = Callable[["Drawing", Any], Any]

ACTIVATIONS = ("relu", "relu", "relu", "sigmoid", "tanh", "gelu", "swish", "hard_sigmoid")


def random_model(rng: np.random.Generator) -> keras.Model:
    """A built classifier from raw images of 8–14 pixels to 2–4 logits, every weight drawn anew, none left at zero."""
    drawing = Drawing(rng)
    image = keras.Input((drawing.pick((8, 10, 12, 14)),) * 2 + (drawing.pick((1, 3)),), name="image")
    chain = drawing.chance(0.15)
    tensor = drawing.standardise(image)
    for block in drawing.several(CHAIN_BLOCKS if chain else (*CHAIN_BLOCKS, *GRAPH_BLOCKS), 2, 4):
        tensor = block(drawing, drawing.small(tensor))
    head = drawing.pick(CHAIN_HEADS if chain else (*CHAIN_HEADS, *GRAPH_HEADS))
    model = keras.Model(image, head(drawing, tensor), name="network")
    if chain:
        model = _as_sequential(model, "network")
    return model if _comes_alive(model, rng) else random_model(rng)


def _comes_alive(model: keras.Model, rng: np.random.Generator) -> bool:
    """Draws all weights, and again while every image gets the same answer: a net of dead ReLUs tests nothing."""
    batch = images(model, np.random.default_rng(0))
    for _ in range(8):
        randomise(model, rng)
        if np.ptp(np.asarray(model(batch)), axis=0).max() > 0.01:
            return True
    return False


class Drawing:
    """Draws choices and makes layers; names count up, so that they do not depend on what else the process made."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.count = 0

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def pick(self, options: Sequence[Any]) -> Any:
        return options[int(self.rng.integers(len(options)))]

    def several(self, options: Sequence[Any], least: int, most: int) -> list[Any]:
        return [self.pick(options) for _ in range(int(self.rng.integers(least, most + 1)))]

    def name(self, kind: str) -> str:
        self.count += 1
        return f"n{self.count}_{kind.lower()}"

    def new(self, kind: str, *arguments: Any, **settings: Any) -> Any:
        """A layer of `keras.layers` that nothing has called yet; kernels start at zero, which is quickest."""
        if kind in ("Conv1D", "Conv2D", "Conv2DTranspose", "Dense"):
            settings = {"kernel_initializer": "zeros", **settings}
        return getattr(keras.layers, kind)(*arguments, name=self.name(kind), **settings)

    def call(self, kind: str, tensor: Any, *arguments: Any, **settings: Any) -> Any:
        return self.new(kind, *arguments, **settings)(tensor)

    def filters(self) -> int:
        return int(self.rng.integers(2, 7))

    def standardise(self, image: Any) -> Any:
        channels = image.shape[-1]
        kind = self.pick(("none", "scalar", "channel", "normalization", "batch_norm"))
        if kind == "scalar":
            return self.call("Rescaling", image, 1 / 64, offset=-2.0)
        if kind == "channel":
            scales, offsets = [1 / 60, 1 / 70, 1 / 80], [-2.0, -1.8, -1.6]
            return self.call("Rescaling", image, scales[:channels], offset=offsets[:channels])
        if kind == "normalization":
            return self.call("Normalization", image, mean=[120.0] * channels, variance=[4900.0] * channels)
        scaled = self.call("Rescaling", image, 1 / 64, offset=-2.0)
        return self.call("BatchNormalization", scaled) if kind == "batch_norm" else scaled

    def small(self, tensor: Any) -> Any:
        return self.call("MaxPooling2D", tensor, 2) if tensor.shape[1] > 14 else tensor


def _conv(d: Drawing, tensor: Any, filters: int | None = None, kernel: int = 3, **settings: Any) -> Any:
    """A convolution that keeps the map's size, sometimes with its activation inside."""
    settings.setdefault("activation", d.pick((None, None, "relu")))
    settings.setdefault("use_bias", d.chance(0.7))
    return d.call("Conv2D", tensor, filters or d.filters(), kernel, **{"padding": "same", **settings})


def _norm(d: Drawing, tensor: Any) -> Any:
    kind = d.pick(("batch",) * 14 + ("none",) * 6 + ("layer", "group", "rms"))
    if kind == "batch":
        return d.call("BatchNormalization", tensor, scale=d.chance(0.8), center=d.chance(0.8))
    if kind == "layer":
        return d.call("LayerNormalization", tensor, scale=d.chance(0.8), center=d.chance(0.8))
    if kind == "rms":
        return d.call("RMSNormalization", tensor)
    if kind == "group":
        channels = tensor.shape[-1]
        return d.call("GroupNormalization", tensor, groups=d.pick([g for g in (1, 2, 3) if channels % g == 0]))
    return tensor


def _activation(d: Drawing, tensor: Any) -> Any:
    kind = d.pick(("Activation",) * 5 + ("ReLU", "ReLU", "ReLU6", "LeakyReLU", "ELU", "PReLU", "SharedPReLU", "none"))
    if kind == "Activation":
        return d.call("Activation", tensor, d.pick(ACTIVATIONS))
    if kind == "ReLU6":
        return d.call("ReLU", tensor, max_value=6.0)
    if kind == "SharedPReLU":
        return d.call("PReLU", tensor, shared_axes=list(range(1, len(tensor.shape) - 1)) or None)
    return tensor if kind == "none" else d.call(kind, tensor)


def _after(d: Drawing, tensor: Any) -> Any:
    """What stands behind a convolution: normalisation, activation, sometimes dropout."""
    tensor = _activation(d, _norm(d, tensor))
    if d.chance(0.15):
        tensor = d.call(d.pick(("Dropout", "SpatialDropout2D")), tensor, 0.3)
    return tensor


def plain(d: Drawing, tensor: Any) -> Any:
    size = tensor.shape[1]
    kernel, dilation, strides = d.pick((1, 2, 3, 3)), d.pick((1, 1, 2)), d.pick((1, 1, 2))
    dilation = 1 if strides > 1 or size < 5 else dilation
    padding = d.pick(("same", "valid")) if size - dilation * (kernel - 1) >= 3 else "same"
    settings = {"strides": strides, "padding": padding, "dilation_rate": dilation}
    return _after(d, _conv(d, tensor, kernel=kernel, **settings))


def depthwise(d: Drawing, tensor: Any) -> Any:
    settings = {"depth_multiplier": d.pick((1, 1, 2)), "strides": d.pick((1, 1, 2)), "use_bias": d.chance(0.7)}
    tensor = d.call("DepthwiseConv2D", tensor, 3, padding="same", depthwise_initializer="zeros", **settings)
    tensor = _after(d, tensor)
    return _after(d, _conv(d, tensor, kernel=1)) if d.chance(0.7) else tensor


def separable(d: Drawing, tensor: Any) -> Any:
    settings = {"depth_multiplier": d.pick((1, 2)), "padding": "same", "use_bias": d.chance(0.7)}
    zeros = {"depthwise_initializer": "zeros", "pointwise_initializer": "zeros"}
    return _after(d, d.call("SeparableConv2D", tensor, d.filters(), 3, **settings, **zeros))


def grouped(d: Drawing, tensor: Any) -> Any:
    tensor = _after(d, _conv(d, tensor, 4, kernel=1))
    return _after(d, _conv(d, tensor, d.pick((2, 4, 6)), groups=2, activation=None))


def transposed(d: Drawing, tensor: Any) -> Any:
    settings = {"strides": 2 if tensor.shape[1] < 8 else 1, "padding": d.pick(("same", "valid"))}
    return _after(d, d.call("Conv2DTranspose", tensor, d.filters(), d.pick((2, 3)), **settings))


def resized(d: Drawing, tensor: Any) -> Any:
    """A convolution in front of one layer that changes only the size of the map."""
    tensor = _after(d, _conv(d, tensor, kernel=d.pick((1, 3))))
    kinds = ["ZeroPadding2D", "MaxPooling2D", "AveragePooling2D"]
    kinds += ["Cropping2D"] if tensor.shape[1] > 4 else []
    kinds += ["UpSampling2D"] * 2 if tensor.shape[1] < 9 else []
    kind = d.pick(kinds)
    if kind == "ZeroPadding2D":
        return d.call(kind, tensor, ((1, 0), (0, 1)))
    if kind == "Cropping2D":
        return d.call(kind, tensor, ((1, 0), (1, 1)))
    if kind == "UpSampling2D":
        return d.call(kind, tensor, 2, interpolation=d.pick(("nearest", "bilinear")))
    return d.call(kind, tensor, d.pick((2, 3)), strides=d.pick((1, 2)), padding="same")


def mapped_dense(d: Drawing, tensor: Any) -> Any:
    return _after(d, d.call("Dense", tensor, d.filters()))


def _same_shape(d: Drawing, tensor: Any, channels: int) -> Any:
    """A branch of one or two convolutions that keeps the map's size and ends on `channels`."""
    if d.chance(0.7):
        tensor = _after(d, _conv(d, tensor, kernel=d.pick((1, 3))))
    return _norm(d, _conv(d, tensor, channels, kernel=d.pick((1, 3))))


def residual(d: Drawing, tensor: Any) -> Any:
    tensor = _after(d, _conv(d, tensor, kernel=1)) if d.chance(0.4) else tensor
    channels = tensor.shape[-1] if d.chance(0.6) else d.filters()
    side = tensor if channels == tensor.shape[-1] else _norm(d, _conv(d, tensor, channels, kernel=1))
    body = _same_shape(d, _after(d, _conv(d, tensor)), channels)
    joined = d.pick((lambda: d.call("Add", [body, side]), lambda: body + side, lambda: keras.ops.add(side, body)))()
    return _activation(d, joined)


def inverted_residual(d: Drawing, tensor: Any) -> Any:
    tensor = _norm(d, _conv(d, tensor, kernel=1, activation=None))
    body = _activation(d, _norm(d, _conv(d, tensor, 6, kernel=1)))
    body = d.call("DepthwiseConv2D", body, 3, padding="same", depthwise_initializer="zeros", use_bias=False)
    body = _activation(d, _norm(d, body))
    return d.call("Add", [tensor, _norm(d, _conv(d, body, tensor.shape[-1], kernel=1, activation=None))])


def padded_shortcut(d: Drawing, tensor: Any) -> Any:
    """The shortcut without parameters: every second pixel, and zeros for the new channels."""
    tensor = _after(d, _conv(d, tensor))
    channels = tensor.shape[-1] + d.pick((1, 2))
    body = _norm(d, _conv(d, _after(d, _conv(d, tensor, strides=2)), channels))
    side = d.call("MaxPooling2D", tensor, 1, strides=2)
    padding = ((0, 0), (0, channels - tensor.shape[-1]))
    side = keras.layers.ZeroPadding2D(padding, data_format="channels_first", name=d.name("shortcut") + "_pad")(side)
    return _activation(d, d.call("Add", [body, side]))


def inception(d: Drawing, tensor: Any) -> Any:
    def branch(kind: str) -> Any:
        if kind == "identity":
            return tensor
        if kind == "pool":
            return _after(d, _conv(d, d.call("AveragePooling2D", tensor, 3, strides=1, padding="same"), kernel=1))
        return _after(d, _same_shape(d, tensor, d.filters()))

    kinds = ["convolution", *d.several(("convolution", "pool", "identity"), 1, 2)]
    return d.call("Concatenate", [branch(kind) for kind in kinds])


def merged(d: Drawing, tensor: Any) -> Any:
    kind = d.pick(("Average", "Maximum", "Minimum", "Multiply", "Subtract"))
    channels = d.filters()
    branches = [_same_shape(d, tensor, channels) for _ in range(2 if kind == "Subtract" or d.chance(0.7) else 3)]
    return d.call(kind, branches)


def squeeze_excite(d: Drawing, tensor: Any) -> Any:
    tensor = _after(d, _conv(d, tensor))
    channels, keepdims = tensor.shape[-1], d.chance(0.5)
    scale = d.call("GlobalAveragePooling2D", tensor, keepdims=keepdims)
    if keepdims and d.chance(0.7):
        scale = _conv(d, _conv(d, scale, kernel=1, activation="relu"), channels, kernel=1, activation="sigmoid")
        return d.call("Multiply", [tensor, scale])
    scale = d.call("Dense", d.call("Dense", scale, d.filters(), activation="relu"), channels, activation="sigmoid")
    return d.call("Multiply", [tensor, scale if keepdims else d.call("Reshape", scale, (1, 1, channels))])


def attention(d: Drawing, tensor: Any) -> Any:
    """A gate for every number of the map, or one for each pixel that all channels share."""
    tensor = _after(d, _conv(d, tensor))
    gate = _conv(d, tensor, d.pick((1, tensor.shape[-1])), kernel=1, activation="sigmoid")
    return d.call("Multiply", [tensor, gate]) if d.chance(0.5) else tensor * gate


def shared(d: Drawing, tensor: Any) -> Any:
    """One convolution called on two tensors, or on its own output."""
    filters = d.filters()
    left = _after(d, _conv(d, tensor, filters))
    layer = d.new("Conv2D", filters, 3, padding="same", activation=d.pick((None, "relu")))
    if d.chance(0.3):
        return layer(layer(left))
    right = _after(d, _conv(d, tensor, filters, kernel=1))
    return d.call(d.pick(("Add", "Concatenate", "Maximum")), [layer(left), layer(right)])


def nested(d: Drawing, tensor: Any) -> Any:
    """A functional or sequential model inside, called once or twice."""
    inner = keras.Input(tensor.shape[1:], name=d.name("inner"))
    sequential, blocks = d.chance(0.5), (plain, depthwise, separable)
    result = _after(d, _conv(d, d.pick(blocks if sequential else (*blocks, residual, inception))(d, inner)))
    model = keras.Model(inner, result, name=d.name("nested"))
    model = _as_sequential(model, model.name) if sequential else model
    if d.chance(0.3):
        return d.call("Add", [model(tensor), model(d.call("Activation", tensor, "tanh"))])
    return model(tensor)


def computed(d: Drawing, tensor: Any) -> Any:
    """Operations on tensors that are no layers: scaling, clipping, slices of the map and of the channels."""
    tensor = _conv(d, tensor)
    kind = d.pick(("scale", "relu", "slice", "channels"))
    if kind == "scale":
        return tensor * 0.5 + 0.25
    if kind == "relu":
        return keras.ops.relu6(tensor + 1.0)
    if kind == "slice":
        return tensor[:, 1:, :-1, :]
    half = tensor.shape[-1] // 2
    return d.call("Concatenate", [_after(d, _conv(d, tensor[..., :half])), tensor[..., half:]])


def _as_sequential(chain: keras.Model, name: str) -> keras.Model:
    """The same chain of layers as a `Sequential`; layers of its own, so that none has been called elsewhere."""
    copies = [type(layer).from_config(layer.get_config()) for layer in chain.layers[1:]]
    return keras.Sequential([keras.Input(chain.input_shape[1:], name=chain.layers[0].name), *copies], name=name)


def _classes(d: Drawing, tensor: Any) -> Any:
    """Sometimes a hidden layer, then the logits."""
    if d.chance(0.5):
        hidden = d.call("Dense", tensor, d.filters(), activation=d.pick((None, "relu")))
        if d.chance(0.5):
            hidden = d.call("BatchNormalization", hidden, scale=d.chance(0.8), center=d.chance(0.8))
        tensor = _activation(d, hidden)
        tensor = d.call("Dropout", tensor, 0.2) if d.chance(0.2) else tensor
    return d.call("Dense", tensor, d.pick((2, 3, 4)))


def pooled_head(d: Drawing, tensor: Any) -> Any:
    return _classes(d, d.call(d.pick(("GlobalAveragePooling2D", "GlobalMaxPooling2D")), tensor))


def flat_head(d: Drawing, tensor: Any) -> Any:
    """Flatten with a map left, or behind a pooling that leaves one pixel."""
    window = tensor.shape[1:3] if d.chance(0.4) else (2, 2)
    return _classes(d, d.call("Flatten", d.call("MaxPooling2D", tensor, window, padding="same")))


def convolutional_head(d: Drawing, tensor: Any) -> Any:
    logits = _conv(d, tensor, d.pick((2, 3)), kernel=1, activation=None)
    return d.call(d.pick(("GlobalAveragePooling2D", "GlobalMaxPooling2D")), logits)


def token_head(d: Drawing, tensor: Any) -> Any:
    """The map as a sequence of pixels, under a one-dimensional convolution."""
    height, width, channels = tensor.shape[1:]
    tokens = d.call("Reshape", tensor, (height * width, channels))
    tokens = _activation(d, d.call("Conv1D", tokens, d.filters(), d.pick((1, 3)), strides=2, padding="same"))
    return _classes(d, d.call(d.pick(("GlobalAveragePooling1D", "GlobalMaxPooling1D", "Flatten")), tokens))


def joined_head(d: Drawing, tensor: Any) -> Any:
    """Both global poolings side by side, and a residual branch between vectors."""
    average, highest = d.call("GlobalAveragePooling2D", tensor), d.call("GlobalMaxPooling2D", tensor)
    vector = d.call("Concatenate", [average, d.call("Dense", highest, d.filters())])
    hidden = d.call("Dense", d.call("Dense", vector, d.filters(), activation="relu"), vector.shape[-1])
    return _classes(d, _activation(d, d.call("Add", [vector, hidden])))


def padded_vector_head(d: Drawing, tensor: Any) -> Any:
    """A shorter vector gets zeros behind its last feature before it is added to a longer one."""
    short = d.call("GlobalAveragePooling2D", _after(d, _conv(d, tensor)))
    long = d.call("Dense", short, short.shape[-1] + 2, activation="relu")
    column = d.call("Reshape", short, (short.shape[-1], 1))
    padded = keras.layers.ZeroPadding1D((0, 2), data_format="channels_last", name=d.name("vector") + "_pad")(column)
    return _classes(d, d.call("Add", [d.call("Reshape", padded, (short.shape[-1] + 2,)), long]))


CHAIN_BLOCKS: tuple[Block, ...] = (
    plain, plain, plain, depthwise, separable, grouped, transposed, resized, mapped_dense,
)  # fmt: skip
GRAPH_BLOCKS: tuple[Block, ...] = (
    residual, residual, residual, inverted_residual, padded_shortcut, inception, inception, merged, merged,
    squeeze_excite, attention, shared, nested, computed,
)  # fmt: skip
CHAIN_HEADS: tuple[Block, ...] = (pooled_head, pooled_head, flat_head, flat_head, convolutional_head, token_head)
GRAPH_HEADS: tuple[Block, ...] = (joined_head, padded_vector_head)
