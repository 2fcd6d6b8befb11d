"""Normalization layers keep, and compute with, the statistics they were adapted to."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.models.adapted import fresh
from nas_cli.models.reference import open_model
from nas_cli.models.settings import ModelSettings

X = np.random.default_rng(0).normal(7, 3, (50, 4)).astype(np.float32)


def adapted(seed: int = 0, nested: bool = False) -> Any:
    """Dense after an adapted Normalization, which may be in a model of its own."""
    keras.utils.set_random_seed(seed)
    layer = keras.layers.Normalization()
    layer.adapt(X)
    before = keras.Sequential([keras.Input((4,)), layer]) if nested else layer
    return keras.Sequential([keras.Input((4,)), before, keras.layers.Dense(2)])


def opened(file: Path, keep: bool, weights: str | None = None) -> Any:
    return open_model(ModelSettings(name=str(file), keep_weights=keep, width=None, weights=weights), (4,), 2)


@pytest.mark.parametrize("nested", [False, True])
def test_fresh_weights_do_not_forget_the_statistics(nested: bool) -> None:
    model = adapted(nested=nested)
    copy = fresh(model)
    assert not np.allclose(copy.layers[-1].get_weights()[0], model.layers[-1].get_weights()[0])
    np.testing.assert_allclose(copy.layers[0](X), (X - X.mean(0)) / X.std(0), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("keep", [False, True])
def test_a_model_file_with_and_without_its_weights_standardises_alike(keep: bool, tmp_path: Path) -> None:
    adapted().save(tmp_path / "net.keras")
    model = opened(tmp_path / "net.keras", keep)
    np.testing.assert_allclose(model.layers[0](X), (X - X.mean(0)) / X.std(0), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("suffix", [".keras", ".weights.h5"])
def test_weights_of_a_file_are_computed_with(suffix: str, tmp_path: Path) -> None:
    wanted = adapted()
    (wanted.save if suffix == ".keras" else wanted.save_weights)(tmp_path / f"weights{suffix}")
    layers = [keras.Input((4,)), keras.layers.Normalization(), keras.layers.Dense(2)]
    keras.Sequential(layers).save(tmp_path / "net.keras")
    model = opened(tmp_path / "net.keras", False, str(tmp_path / f"weights{suffix}"))
    np.testing.assert_allclose(model(X), wanted(X), rtol=1e-5, atol=1e-5)
