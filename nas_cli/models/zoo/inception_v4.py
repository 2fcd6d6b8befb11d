"""Inception v4 (Szegedy et al. 2016, arXiv:1602.07261, figures 3 to 9), which `keras.applications` does not have."""

from collections.abc import Sequence
from typing import Any

from nas_cli.errors import ConfigError

SMALLEST = 75
"""Pixels per side below which nothing is left for the last modules."""
DROPOUT = 0.2

Convolution = tuple[int, int, int]
"""(filters, kernel height, kernel width)."""


def build_inception_v4(
    input_shape: tuple[int, ...],
    classes: int,
    scale: Sequence[float] | None = None,
    offset: Sequence[float] | None = None,
) -> Any:
    """The network as a flat `keras.Model` from raw inputs to float32 logits, weights drawn fresh.

    42,679,816 trainable parameters on 299×299×3 with 1000 classes. Batch norm, with gammas, and ReLU follow every
    convolution; a share of 0.2 is dropped before the output layer.

    Raises:
        ConfigError: if the input is not (height, width, channels) of at least 75 pixels.
    """
    import keras

    from nas_cli.models.builder import standardised
    from nas_cli.models.zoo.applications import image_input

    inputs = image_input("inception_v4", input_shape)
    if min(input_shape[:2]) < SMALLEST:
        raise ConfigError(f"inception_v4 needs images of at least {SMALLEST} pixels per side, got {input_shape}.")
    maps = _stem(standardised(inputs, scale, offset))
    for _ in range(4):
        maps = _block(maps, 96, [[(96, 1, 1)], [(64, 1, 1), (96, 3, 3)], [(64, 1, 1), (96, 3, 3), (96, 3, 3)]])
    maps = _halved(maps, [[(384, 3, 3)], [(192, 1, 1), (224, 3, 3), (256, 3, 3)]])
    for _ in range(7):
        double = [(192, 1, 1), (192, 1, 7), (224, 7, 1), (224, 1, 7), (256, 7, 1)]
        maps = _block(maps, 128, [[(384, 1, 1)], [(192, 1, 1), (224, 1, 7), (256, 7, 1)], double])
    maps = _halved(maps, [[(192, 1, 1), (192, 3, 3)], [(256, 1, 1), (256, 1, 7), (320, 7, 1), (320, 3, 3)]])
    for _ in range(3):
        maps = _forked(maps)
    features = keras.layers.Dropout(DROPOUT)(keras.layers.GlobalAveragePooling2D()(maps))
    logits = keras.layers.Dense(classes, name="predictions")(features)
    answers = keras.layers.Activation("linear", dtype="float32", name="logits_float32")(logits)
    return keras.Model(inputs, answers, name="inception_v4")


def _stem(images: Any) -> Any:
    """384 channels on an eighth of the image's side; figure 3."""
    maps = _convolution(_convolution(images, (32, 3, 3), 2, "valid"), (32, 3, 3), 1, "valid")
    maps = _convolution(maps, (64, 3, 3))
    maps = _joined([_pooled(maps), _convolution(maps, (96, 3, 3), 2, "valid")])
    short = _convolution(_convolution(maps, (64, 1, 1)), (96, 3, 3), 1, "valid")
    long = _chain(maps, [(64, 1, 1), (64, 7, 1), (64, 1, 7)])
    maps = _joined([short, _convolution(long, (96, 3, 3), 1, "valid")])
    return _joined([_convolution(maps, (192, 3, 3), 2, "valid"), _pooled(maps)])


def _block(maps: Any, projection: int, branches: Sequence[Sequence[Convolution]]) -> Any:
    """Average pooling with a 1×1 convolution behind it, beside chains of convolutions; figures 4 and 5."""
    return _joined([_averaged(maps, projection), *[_chain(maps, branch) for branch in branches]])


def _halved(maps: Any, branches: Sequence[Sequence[Convolution]]) -> Any:
    """Max-pooling beside chains whose last convolution has stride 2; figures 7 and 8."""
    made = [_convolution(_chain(maps, branch[:-1]), branch[-1], 2, "valid") for branch in branches]
    return _joined([_pooled(maps), *made])


def _forked(maps: Any) -> Any:
    """The module of figure 6, two of whose chains end in a fork."""
    short = _convolution(maps, (384, 1, 1))
    long = _chain(maps, [(384, 1, 1), (448, 1, 3), (512, 3, 1)])
    ends = [_convolution(end, (256, *kernel)) for end in (short, long) for kernel in ((1, 3), (3, 1))]
    return _joined([_averaged(maps, 256), _convolution(maps, (256, 1, 1)), *ends])


def _chain(maps: Any, convolutions: Sequence[Convolution]) -> Any:
    for one in convolutions:
        maps = _convolution(maps, one)
    return maps


def _averaged(maps: Any, filters: int) -> Any:
    import keras

    return _convolution(keras.layers.AveragePooling2D(3, 1, padding="same")(maps), (filters, 1, 1))


def _pooled(maps: Any) -> Any:
    import keras

    return keras.layers.MaxPooling2D(3, 2)(maps)


def _joined(branches: Sequence[Any]) -> Any:
    import keras

    return keras.layers.Concatenate()(list(branches))


def _convolution(maps: Any, shape: Convolution, stride: int = 1, padding: str = "same") -> Any:
    import keras

    filters, *kernel = shape
    maps = keras.layers.Conv2D(
        filters, kernel, stride, padding, use_bias=False, kernel_initializer="he_normal"
    )(maps)  # fmt: skip
    return keras.layers.ReLU()(keras.layers.BatchNormalization()(maps))
