"""The networks of `keras.applications` by name, with fresh weights, for any number of classes."""

from collections.abc import Sequence
from typing import Any

from nas_cli.errors import ConfigError

APPLICATIONS: dict[str, str] = {
    "convnext_base": "ConvNeXtBase",
    "convnext_large": "ConvNeXtLarge",
    "convnext_small": "ConvNeXtSmall",
    "convnext_tiny": "ConvNeXtTiny",
    "convnext_xlarge": "ConvNeXtXLarge",
    "densenet121": "DenseNet121",
    "densenet169": "DenseNet169",
    "densenet201": "DenseNet201",
    "efficientnet_b0": "EfficientNetB0",
    "efficientnet_b1": "EfficientNetB1",
    "efficientnet_b2": "EfficientNetB2",
    "efficientnet_b3": "EfficientNetB3",
    "efficientnet_b4": "EfficientNetB4",
    "efficientnet_b5": "EfficientNetB5",
    "efficientnet_b6": "EfficientNetB6",
    "efficientnet_b7": "EfficientNetB7",
    "efficientnet_v2_b0": "EfficientNetV2B0",
    "efficientnet_v2_b1": "EfficientNetV2B1",
    "efficientnet_v2_b2": "EfficientNetV2B2",
    "efficientnet_v2_b3": "EfficientNetV2B3",
    "efficientnet_v2_l": "EfficientNetV2L",
    "efficientnet_v2_m": "EfficientNetV2M",
    "efficientnet_v2_s": "EfficientNetV2S",
    "inception_resnet_v2": "InceptionResNetV2",
    "inception_v3": "InceptionV3",
    "mobilenet": "MobileNet",
    "mobilenet_v2": "MobileNetV2",
    "mobilenet_v3_large": "MobileNetV3Large",
    "mobilenet_v3_small": "MobileNetV3Small",
    "nasnet_large": "NASNetLarge",
    "nasnet_mobile": "NASNetMobile",
    "resnet101": "ResNet101",
    "resnet101_v2": "ResNet101V2",
    "resnet152": "ResNet152",
    "resnet152_v2": "ResNet152V2",
    "resnet50": "ResNet50",
    "resnet50_v2": "ResNet50V2",
    "vgg16": "VGG16",
    "vgg19": "VGG19",
    "xception": "Xception",
}

WIDTH_OPTION = {name: "alpha" for name in ("mobilenet", "mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small")}
"""What Keras calls the width multiplier, of the networks that have one."""

OPTIONAL_PREPROCESSING = ("convnext", "efficientnet_v2", "mobilenet_v3")
FIXED_DIVISION = "efficientnet_b"
PIXEL_MAXIMUM = 255.0


def build_application(
    name: str,
    input_shape: tuple[int, ...],
    classes: int,
    scale: Sequence[float] | None = None,
    offset: Sequence[float] | None = None,
    **options: Any,
) -> Any:
    """The network as a flat `keras.Model` from raw inputs to float32 logits, weights drawn fresh.

    With `scale` and `offset` the inputs are standardised per channel in place of the network's own preprocessing.
    EfficientNet cannot leave out its division by 255, so it is handed 255 times the standardised values. `options` go
    to the function in `keras.applications` (dropout=0.2); `width` does under the name it has there.

    Raises:
        ConfigError: if Keras refuses the input shape or an option, with its reason.
    """
    import keras

    from nas_cli.models.builder import standardised

    if scale is not None and name.startswith(FIXED_DIVISION):
        scale = [PIXEL_MAXIMUM * value for value in scale]
        offset = [PIXEL_MAXIMUM * value for value in offset] if offset is not None else None
    elif scale is not None and name.startswith(OPTIONAL_PREPROCESSING):
        options = {"include_preprocessing": False, **options}
    inputs = image_input(name, input_shape)
    network = call_application(name, standardised(inputs, scale, offset), weights=None, classes=classes, **options)
    logits = keras.layers.Activation("linear", dtype="float32", name="logits_float32")(network.outputs[0])
    return keras.Model(network.inputs, logits, name=name)


def image_input(name: str, input_shape: tuple[int, ...]) -> Any:
    """The `keras.Input` for raw images.

    Raises:
        ConfigError: if the shape is not (height, width, channels).
    """
    import keras

    if len(input_shape) != 3:
        raise ConfigError(f"{name} needs images (height, width, channels), got shape {input_shape}.")
    return keras.Input(input_shape, dtype="float32", name="input_0")


def call_application(name: str, images: Any, **options: Any) -> Any:
    """What the function in `keras.applications` makes of the image tensor, its output without an activation.

    Raises:
        ConfigError: if Keras refuses the image shape or an option, with its reason.
    """
    import keras

    shape = tuple(images.shape)[1:]
    if "width" in options:
        options[WIDTH_OPTION.get(name, "width")] = options.pop("width")
    try:
        return getattr(keras.applications, APPLICATIONS[name])(
            input_tensor=images, input_shape=shape, classifier_activation=None, **options
        )
    except (ValueError, TypeError) as error:
        raise ConfigError(f"model '{name}' on inputs {shape}: {' '.join(str(error).split())[:200]}") from error
