"""Weights and images drawn so that no zero, and no constant, hides a mistake."""

import math
from typing import Any

import keras
import numpy as np

DATA_STATISTICS = ("mean", "variance", "count")
"""Of a Normalization layer, which computes with what it made of them when it was adapted."""


def randomise(model: keras.Model, rng: np.random.Generator) -> None:
    """Kernels that keep the size of a signal; biases, scales, shifts and moving statistics far from their defaults."""
    for weight in model.weights:
        if weight.name in DATA_STATISTICS:
            continue
        weight.assign(_draw(weight, rng).astype(np.float32))


def _draw(weight: Any, rng: np.random.Generator) -> Any:
    shape, kind = tuple(weight.shape), weight.name
    if kind in ("gamma", "scale"):
        return rng.uniform(0.6, 1.4, shape) * rng.choice((-1, 1), shape)
    if kind == "moving_variance":
        return rng.uniform(0.5, 2.0, shape)
    if kind == "alpha":
        return rng.uniform(0.05, 0.5, shape)
    if len(shape) < 2:
        return rng.normal(0.0, 0.4, shape)
    inputs = math.prod(shape[:2]) if "depthwise" in weight.path else math.prod(shape[:-1])
    return rng.normal(0.0, math.sqrt(1.5 / inputs), shape)


def images(model: keras.Model, rng: np.random.Generator, count: int = 3) -> Any:
    """Raw images (count, height, width, channels) of different brightness and contrast, pixels 0–255, float32."""
    shape = model.input_shape[1:]
    per_image = (count, *(1 for _ in shape))
    brightness, contrast = rng.uniform(60, 190, per_image), rng.uniform(20, 60, per_image)
    return np.clip(brightness + contrast * rng.normal(size=(count, *shape)), 0, 255).astype(np.float32)
