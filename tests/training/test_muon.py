"""Muon's step on matrices, on convolutions, and where it is Adam's."""

from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.training.optimizers import build_optimizer
from nas_cli.training.settings import OptimizerSettings

RATE = 0.1


def step(*shapes: tuple[int, ...]) -> list[tuple[Any, Any]]:
    """(gradient, change) of each weight after one step."""
    rng = np.random.default_rng(0)
    weights = [keras.Variable(np.zeros(shape, np.float32), name=f"w{i}") for i, shape in enumerate(shapes)]
    gradients = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
    optimizer = build_optimizer(OptimizerSettings("muon", RATE, None, None, None))
    optimizer.apply([keras.ops.convert_to_tensor(g) for g in gradients], weights)
    return [(g, np.array(weight)) for g, weight in zip(gradients, weights, strict=True)]


@pytest.mark.parametrize("shape", [(3, 3, 2, 6), (18, 6), (4, 10)])
def test_a_kernel_steps_along_the_nearest_orthogonal_matrix(shape: tuple[int, ...]) -> None:
    gradient, change = (part.reshape(-1, shape[-1]) for part in step(shape, (6, 3))[0])
    left, _, right = np.linalg.svd(gradient, full_matrices=False)
    direction = -change / (RATE * 0.2 * np.sqrt(max(gradient.shape)))
    sizes = np.linalg.svd(direction, compute_uv=False)
    assert sizes.min() > 0.6 and sizes.max() < 1.3
    aligned = np.sum(direction * (left @ right)) / np.linalg.norm(direction) / np.linalg.norm(left @ right)
    assert aligned > 0.97


def test_biases_and_the_output_layer_step_as_with_adam() -> None:
    _, (bias, moved), (output, output_moved) = step((5, 4), (4,), (4, 3))
    assert moved == pytest.approx(-RATE * np.sign(bias), rel=1e-3)
    assert output_moved == pytest.approx(-RATE * np.sign(output), rel=1e-3)
