"""The small networks of the tests, on 8×8 images of one channel (0..255) and three classes."""

from typing import Any

import keras
import numpy as np

layers = keras.layers
SHAPE = (8, 8, 1)


def network(seed: int = 0, policy: str = "float32", classes: int = 3) -> keras.Model:
    """Convolution, batch norm that has seen data, a residual, and a dense layer of 96 inputs; raw inputs."""
    keras.utils.set_random_seed(seed)
    common = {"padding": "same", "dtype": policy}
    inputs = keras.Input(SHAPE, name="image")
    # Names of layers are in the files: without them two networks of one process would differ.
    x = layers.Rescaling(1 / 64, offset=-2.0, dtype="float32", name="standardised")(inputs)
    x = layers.Conv2D(6, 3, use_bias=False, name="conv", **common)(x)
    x = layers.ReLU(dtype=policy, name="relu")(layers.BatchNormalization(dtype=policy, name="norm")(x))
    y = layers.SeparableConv2D(6, 3, name="separable", **common)(x)
    x = layers.MaxPooling2D(dtype=policy, name="pool")(layers.Add(dtype=policy, name="add")([x, y]))
    x = layers.Dropout(0.3, dtype=policy, name="dropout")(layers.Flatten(dtype=policy, name="flat")(x))
    logits = layers.Dense(classes, name="logits", dtype="float32")(x)
    model = keras.Model(inputs, logits, name="tiny")
    norm = model.get_layer("norm")
    norm.moving_mean.assign(np.linspace(-0.5, 0.5, 6))
    norm.moving_variance.assign(np.linspace(0.5, 2.0, 6))
    return model


def raw(n: int, seed: int = 1, shape: tuple[int, ...] = SHAPE) -> Any:
    """uint8 images."""
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)
