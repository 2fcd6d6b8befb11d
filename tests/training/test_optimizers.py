"""One step of each optimizer against its formula, and the fused kernels against Keras' own."""

from functools import partial
from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.errors import ConfigError
from nas_cli.training.optimizers import build_optimizer
from nas_cli.training.settings import OPTIMIZERS, OptimizerSettings

W, G = 1.0, 0.5


def settings(name: str, **changes: Any) -> OptimizerSettings:
    momentum = 0.9 if name in ("momentum", "nesterov") else None
    decay = 0.0 if name == "adamw" else None
    values = {"learning_rate": 0.1, "momentum": momentum, "weight_decay": decay, "clip_norm": None} | changes
    return OptimizerSettings(name=name, **values)


def after(optimizer: Any, steps: int, gradient: float = G) -> float:
    weight = keras.Variable(np.array([W], np.float32))
    for _ in range(steps):
        optimizer.apply([keras.ops.convert_to_tensor(np.array([gradient], np.float32))], [weight])
    return float(np.array(weight)[0])


EXPECTED = {
    "sgd": W - 0.1 * G,
    "momentum": W - 0.1 * G,
    "nesterov": W - 0.1 * G * 1.9,
    "rmsprop": W - 0.1 * G / np.sqrt(0.1 * G**2 + 1e-7),
    "adam": W - 0.1,
    "adamw": W - 0.1,
    "adagrad": W - 0.1 * G / np.sqrt(0.1 + G**2 + 1e-7),
    "lion": W - 0.1,
}


@pytest.mark.parametrize("name", EXPECTED)
def test_first_step_is_the_formula(name: str) -> None:
    assert after(build_optimizer(settings(name)), 1) == pytest.approx(EXPECTED[name], abs=1e-6)


def test_second_step_of_momentum_adds_the_velocity() -> None:
    velocity = -0.1 * G
    velocity_2 = 0.9 * velocity - 0.1 * G
    assert after(build_optimizer(settings("momentum")), 2) == pytest.approx(W + velocity + velocity_2)


def trained(optimizer: Any) -> list[Any]:
    """Two weights after ten steps, each with another gradient; some gradients are longer than the clip norm."""
    rng = np.random.default_rng(0)
    weights = [keras.Variable(rng.normal(size=shape).astype(np.float32)) for shape in ((3, 4), (5,))]
    for scale in np.geomspace(0.1, 10, 10):
        gradients = [scale * rng.normal(size=weight.shape).astype(np.float32) for weight in weights]
        optimizer.apply([keras.ops.convert_to_tensor(gradient.astype(np.float32)) for gradient in gradients], weights)
    return [np.array(weight) for weight in weights]


FUSED = {
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "momentum": partial(keras.optimizers.SGD, momentum=0.9),
    "nesterov": partial(keras.optimizers.SGD, momentum=0.9, nesterov=True),
}


@pytest.mark.parametrize("clip_norm", [None, 2.0])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize("name", FUSED)
def test_fused_updates_equal_keras(name: str, weight_decay: float, clip_norm: float | None) -> None:
    ours = trained(build_optimizer(settings(name, weight_decay=weight_decay, clip_norm=clip_norm)))
    theirs = trained(FUSED[name](0.1, weight_decay=weight_decay, global_clipnorm=clip_norm))
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5)


def test_clip_norm_scales_the_gradient() -> None:
    assert after(build_optimizer(settings("sgd", clip_norm=0.25)), 1) == pytest.approx(W - 0.1 * 0.25)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_name_moves_the_weight_downhill(name: str) -> None:
    assert after(build_optimizer(settings(name)), 3) < W


def test_momentum_where_there_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="must be null"):
        settings("adam", momentum=0.9)
    with pytest.raises(ConfigError, match="needs a number"):
        settings("nesterov", momentum=None)
    with pytest.raises(ConfigError, match="needs a number"):
        settings("adamw", weight_decay=None)
    assert settings("rmsprop", momentum=None).momentum is None
