from dataclasses import replace

import keras
import numpy as np
import pytest

import nas_cli.training.input_noise as input_noise
from nas_cli.training.evaluation import evaluate
from nas_cli.training.input_noise import noisy_metrics
from tests.training.examples import images, linear, table


def test_without_noise_it_is_the_evaluation() -> None:
    data = images()
    model = linear(data)
    row = noisy_metrics(model, data.validation, data, [0.0], seed=1)[0]
    assert row == pytest.approx({"deviation": 0.0, **evaluate(model, data.validation, data)}, rel=1e-5)


def test_the_error_of_a_linear_network_grows_by_its_slope(monkeypatch: pytest.MonkeyPatch) -> None:
    """y = x0 with deviations (3, 1) of the inputs: noise of ½ adds an error of 1.5, in pieces as at once."""
    rng = np.random.default_rng(0)
    data = table()
    x = np.stack([rng.normal(size=4000) * 3, rng.normal(size=4000)], axis=1).astype(np.float32)
    split = replace(data.validation, x=x, y=x[:, 0].copy())
    data = replace(data, std=np.float32([3.0, 1.0]), mean=np.zeros(2, np.float32), target_mean=0.0, target_std=1.0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.set_weights([np.float32([[1.0], [0.0]]), np.zeros(1, np.float32)])
    monkeypatch.setattr(input_noise, "PIECE", 1500)
    rows = noisy_metrics(model, split, data, [0.0, 0.5], seed=3)
    assert [row["deviation"] for row in rows] == [0.0, 0.5]
    assert rows[0]["rmse"] == pytest.approx(0.0, abs=1e-4)
    assert rows[1]["rmse"] == pytest.approx(1.5, rel=0.05)
    assert rows == noisy_metrics(model, split, data, [0.0, 0.5], seed=3)
