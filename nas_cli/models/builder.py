"""From an architecture to the Keras model it describes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nas_cli.costs.lowering import Primitive, lower
from nas_cli.costs.shapes import Shape
from nas_cli.errors import ConfigError
from nas_cli.spaces.architecture import Architecture

BATCH_NORM_MOMENTUM = 0.9
"""Not Keras' 0.99, whose moving statistics are still largely their initial values when a short trial ends."""

BATCH_NORM_EPSILON = 1e-5


def build(
    architecture: Architecture, scale: Sequence[float] | None = None, offset: Sequence[float] | None = None
) -> Any:
    """A functional `keras.Model` from raw inputs (float32: pixels 0..255, or features) to logits (float32).

    With `scale` and `offset`, one value per channel, the first layer computes input·scale + offset, so that a saved
    model takes raw values. Layers are named by operation and node position ('conv2d_3'). They compute in the global
    Keras precision, except the standardisation and the last layer, which are float32. Weights are drawn from Keras'
    global seed.

    Raises:
        ConfigError: if a node cannot work on its inputs, the last is not a linear dense layer, or the number of scales
            is not the number of channels.
    """
    import keras

    layers = lower(architecture)
    _check_output(architecture)
    tensors: list[Any] = []
    for position, layer in enumerate(layers):
        inputs = [tensors[source] for source in layer.inputs]
        if layer.op == "input":
            inputs_raw = keras.Input(layer.shape, dtype="float32", name=layer.name)
            tensors.append(standardised(inputs_raw, scale, offset))
        else:
            last = position == len(layers) - 1
            tensors.append(_MAKERS[layer.op](layer, inputs, {"dtype": "float32"} if last else {}))
    return keras.Model(inputs_raw, tensors[-1], name="network")


def standardised(inputs: Any, scale: Sequence[float] | None, offset: Sequence[float] | None) -> Any:
    """The tensor inputs·scale + offset in float32, per channel; the inputs themselves when both are None.

    Raises:
        ConfigError: if the number of values is not the number of channels.
    """
    import keras

    if scale is None and offset is None:
        return inputs
    channels = inputs.shape[-1]
    scales = [float(value) for value in scale] if scale is not None else [1.0] * channels
    offsets = [float(value) for value in offset] if offset is not None else [0.0] * channels
    if len(scales) != channels or len(offsets) != channels:
        raise ConfigError(
            f"scale and offset must have {channels} values, one per channel, got {len(scales)} and {len(offsets)}."
        )
    return keras.layers.Rescaling(scales, offsets, dtype="float32", name="standardise")(inputs)


def _check_output(architecture: Architecture) -> None:
    last = architecture.nodes[-1]
    if last.op != "dense" or dict(last.settings).get("activation", "linear") != "linear":
        raise ConfigError(
            f"the last node of an architecture must be a linear dense layer, got {last.op} {dict(last.settings)}."
        )


def _conv2d(layer: Primitive, inputs: Sequence[Any], options: Mapping[str, Any]) -> Any:
    import keras

    settings = layer.settings
    return keras.layers.Conv2D(
        settings["filters"],
        settings["kernel"],
        strides=settings.get("stride", 1),
        padding="same",
        **_affine(settings, "kernel_initializer"),
        name=layer.name,
        **options,
    )(inputs[0])


def _depthwise_conv2d(layer: Primitive, inputs: Sequence[Any], options: Mapping[str, Any]) -> Any:
    import keras

    settings = layer.settings
    return keras.layers.DepthwiseConv2D(
        settings["kernel"],
        strides=settings.get("stride", 1),
        padding="same",
        depth_multiplier=settings.get("multiplier", 1),
        dilation_rate=settings.get("dilation", 1),
        **_affine(settings, "depthwise_initializer"),
        name=layer.name,
        **options,
    )(inputs[0])


def _dense(layer: Primitive, inputs: Sequence[Any], options: Mapping[str, Any]) -> Any:
    import keras

    settings = layer.settings
    affine = _affine(settings, "kernel_initializer")
    return keras.layers.Dense(settings["units"], **affine, name=layer.name, **options)(inputs[0])


def _affine(settings: Mapping[str, Any], initialised: str) -> dict[str, Any]:
    return {
        "activation": settings.get("activation", "linear"),
        "use_bias": settings.get("use_bias", True),
        initialised: settings.get("initializer", "glorot_uniform"),
    }


def _batch_norm(layer: Primitive, inputs: Sequence[Any], options: Mapping[str, Any]) -> Any:
    import keras

    return keras.layers.BatchNormalization(
        momentum=BATCH_NORM_MOMENTUM, epsilon=BATCH_NORM_EPSILON, name=layer.name, **options
    )(inputs[0])


def _pool(layer: Primitive, inputs: Sequence[Any], options: Mapping[str, Any]) -> Any:
    import keras

    kinds = {"max_pool": keras.layers.MaxPooling2D, "average_pool": keras.layers.AveragePooling2D}
    size, stride = layer.settings["size"], layer.settings.get("stride")
    return kinds[layer.op](size, strides=stride, padding="same", name=layer.name, **options)(inputs[0])


def _subsample(layer: Primitive, inputs: Sequence[Any], options: Mapping[str, Any]) -> Any:
    import keras

    return keras.layers.MaxPooling2D(1, strides=layer.settings["size"], name=layer.name, **options)(inputs[0])


def _align_pool(layer: Primitive, inputs: Sequence[Any], options: Mapping[str, Any]) -> Any:
    import keras

    return keras.layers.MaxPooling2D(layer.settings["window"], name=layer.name, **options)(inputs[0])


def _crop(layer: Primitive, inputs: Sequence[Any], options: Mapping[str, Any]) -> Any:
    import keras

    cut = ((0, layer.settings["rows"]), (0, layer.settings["columns"]))
    return keras.layers.Cropping2D(cut, name=layer.name, **options)(inputs[0])


def _pad_channels(layer: Primitive, inputs: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """Zeros behind the last channel, by a layer of Keras' own, so that a saved model loads without this package.

    ZeroPadding2D told that channels come first pads axes 2 and 3: of a (batch, height, width, channels) map that is
    the width, here by nothing, and the channels.
    """
    import keras

    shape: Shape = tuple(inputs[0].shape)[1:]
    extra = layer.settings["channels"]
    if len(shape) == 3:
        padding = ((0, 0), (0, extra))
        return keras.layers.ZeroPadding2D(padding, data_format="channels_first", name=layer.name, **options)(inputs[0])
    column = keras.layers.Reshape((shape[0], 1), name=f"{layer.name}_column")(inputs[0])
    padded = keras.layers.ZeroPadding1D((0, extra), data_format="channels_last", name=layer.name)(column)
    return keras.layers.Reshape((shape[0] + extra,), name=f"{layer.name}_vector")(padded)


def _single(name: str, *arguments: str, **fixed: Any) -> "Maker":
    """A maker of the Keras layer `name`, which is called on one tensor."""

    def make(layer: Primitive, inputs: Sequence[Any], options: Mapping[str, Any]) -> Any:
        import keras

        settings = [layer.settings[argument] for argument in arguments]
        return getattr(keras.layers, name)(*settings, name=layer.name, **fixed, **options)(inputs[0])

    return make


def _joined(name: str) -> "Maker":
    def make(layer: Primitive, inputs: Sequence[Any], options: Mapping[str, Any]) -> Any:
        import keras

        return getattr(keras.layers, name)(name=layer.name, **options)(list(inputs))

    return make


Maker = Callable[[Primitive, Sequence[Any], Mapping[str, Any]], Any]

_MAKERS: dict[str, Maker] = {
    "conv2d": _conv2d,
    "depthwise_conv2d": _depthwise_conv2d,
    "dense": _dense,
    "batch_norm": _batch_norm,
    "activation": _single("Activation", "activation"),
    "max_pool": _pool,
    "average_pool": _pool,
    "subsample": _subsample,
    "align_pool": _align_pool,
    "crop": _crop,
    "pad_border": _single("ZeroPadding2D", padding=((0, 1), (0, 1))),
    "shift": _single("Cropping2D", cropping=((1, 0), (1, 0))),
    "zeros": _single("Rescaling", scale=0.0),
    "pad_channels": _pad_channels,
    "dropout": _single("Dropout", "rate"),
    "flatten": _single("Flatten"),
    "global_average_pool": _single("GlobalAveragePooling2D"),
    "concat": _joined("Concatenate"),
    "add": _joined("Add"),
}
