"""The small networks of the tests, on 8×8 images of three channels, and settings."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from nas_cli.morph.settings import MorphSettings

layers = keras.layers


def settings(**changes: Any) -> MorphSettings:
    """The defaults for the FLOPs of this machine."""
    base = MorphSettings(
        target="flops",
        device="p100",
        weighting="resource",
        regularizer="auto",
        norm="l2",
        gamma_threshold=0.01,
        norm_threshold=0.1,
        multiplier=1.0,
        multipliers=None,
        proximal=False,
        epochs=1,
        steps=None,
        learning_rate=None,
        reduction=None,
        expand=None,
        round_to=1,
        min_channels=1,
    )
    return replace(base, **changes)


def image(side: int = 8, channels: int = 3) -> Any:
    """The input tensor."""
    return keras.Input((side, side, channels))


def normed(x: Any, width: int, kernel: int, name: str, **options: Any) -> Any:
    """Convolution, batch norm, ReLU, named conv_… and norm_…"""
    x = layers.Conv2D(width, kernel, padding="same", use_bias=False, name=f"conv_{name}", **options)(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9, name=f"norm_{name}")(x))


def classifier(inputs: Any, x: Any, classes: int = 2) -> Any:
    """The model with global pooling and an output layer."""
    return keras.Model(inputs, layers.Dense(classes, name="logits")(layers.GlobalAveragePooling2D()(x)))


def chain() -> Any:
    """Three convolutions of 4, 5 and 3 channels, the second with stride 2."""
    inputs = image()
    x = normed(inputs, 4, 3, "a")
    x = normed(x, 5, 3, "b", strides=2)
    return classifier(inputs, normed(x, 3, 1, "c"))


def residual() -> Any:
    """relu(norm_a) + norm_d tie their 4 channels; then 3 channels."""
    inputs = image()
    x = normed(inputs, 4, 3, "a")
    y = layers.Conv2D(4, 3, padding="same", use_bias=False, name="conv_d")(x)
    x = layers.ReLU()(layers.Add()([x, layers.BatchNormalization(name="norm_d")(y)]))
    return classifier(inputs, normed(x, 3, 3, "c", strides=2))


def concat() -> Any:
    """4 and 5 channels side by side, read by 3."""
    inputs = image()
    x = layers.Concatenate()([normed(inputs, 4, 3, "a"), normed(inputs, 5, 1, "b")])
    return classifier(inputs, normed(x, 3, 3, "c"))


def depthwise() -> Any:
    """1×1 to 4 channels, depthwise 3×3, 1×1 to 3."""
    inputs = image()
    x = normed(inputs, 4, 1, "a")
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="depthwise_d")(x)
    x = layers.ReLU()(layers.BatchNormalization(name="norm_d")(x))
    return classifier(inputs, normed(x, 3, 1, "c"))


def flatten() -> Any:
    """4 channels on 2×2 places, flattened to 16 features."""
    inputs = image()
    x = layers.Flatten()(normed(inputs, 4, 3, "a", strides=4))
    return keras.Model(inputs, layers.Dense(2, name="logits")(x))


def plain() -> Any:
    """No batch norm: 4 and 5 channels, and a hidden layer of 6."""
    inputs = image()
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="conv_a")(inputs)
    x = layers.Conv2D(5, 3, 2, padding="same", activation="relu", name="conv_b")(x)
    x = layers.Dense(6, activation="relu", name="hidden")(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, layers.Dense(2, name="logits")(x))


def with_gammas(model: Any, gammas: Mapping[str, Sequence[float]]) -> Any:
    """The model with norm_a's gamma set to gammas['a'], and so on."""
    for name, values in gammas.items():
        if any(layer.name == f"norm_{name}" for layer in model.layers):
            model.get_layer(f"norm_{name}").gamma.assign(np.array(values, np.float32))
    return model
