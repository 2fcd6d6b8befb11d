"""The estimator that takes irrelevant weights away."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.keras_cost import model_cost
from nas_cli.data.dataset import Split
from nas_cli.data.prepare import prepare
from nas_cli.errors import ConfigError
from nas_cli.estimators.relevance import RelevanceEstimator
from nas_cli.estimators.relevance_settings import RelevanceEstimatorSettings
from nas_cli.models.load import load_model
from nas_cli.models.nonzero import nonzero_weights
from nas_cli.spaces.architecture import Architecture, node
from nas_cli.training.evaluation import evaluate
from nas_cli.training.settings import LossSettings
from tests.estimators.contract import EstimatorContract
from tests.estimators.test_train import DATA, SHARED, network
from tests.training.examples import PLAIN, table, training

USUAL = {"share": "weight", "threshold": 1.0, "initial_log_variance": -6.0, "variance_rate": 5.0, "warm_up": 0.5,
         "divergence_weight": 1.0, "tolerance": None, "fine_tune": 1, "input_noise": (0.0, 0.5)}  # fmt: skip


def make(folder: Path, trained: Any = None, **changes: Any) -> RelevanceEstimator:
    prepare(DATA, folder / "none", folder / "data")
    given = {**SHARED, "name": "relevance", **USUAL, **changes}
    return RelevanceEstimator(RelevanceEstimatorSettings(**given), trained or training(), PLAIN, folder / "data")


class TestRelevanceEstimator(EstimatorContract):
    @pytest.fixture
    def estimator(self, tmp_path: Path) -> RelevanceEstimator:
        return make(tmp_path)

    @pytest.fixture
    def architecture(self) -> Architecture:
        return network()


def test_the_network_that_is_scored_and_saved_is_the_smaller_one(tmp_path: Path) -> None:
    """A threshold that leaves a few units, each with a few weights."""
    estimator, file = make(tmp_path, epochs=1, threshold=4.0), tmp_path / "model.keras"
    score = estimator.estimate(network(), 0, file, lambda _: None)
    block, model, data = score.extra["relevance"], load_model(file), estimator._trainer.dataset
    assert block["nonzero"] == nonzero_weights(model) < block["weights"] == architecture_cost(network()).params
    assert (block["flops_after"], block["params_after"]) == (model_cost(model).flops, model_cost(model).params)
    assert block["flops_before"] == architecture_cost(network()).flops
    valid = evaluate(model, data.validation, data)
    assert score.fitness == block["valid_after"] == pytest.approx(valid["accuracy"])
    if score.trained is not None:
        assert architecture_cost(score.trained).params == block["params_after"]
    assert [epoch["epoch"] for epoch in score.curve] == [1.0, 2.0] and score.metrics["epochs"] == 2.0


def test_without_a_threshold_and_fine_tuning_nothing_is_lost(tmp_path: Path) -> None:
    score = make(tmp_path, threshold=0.0, fine_tune=0, epochs=1).estimate(network(), 0, None, lambda _: None)
    block = score.extra["relevance"]
    assert block["valid_before"] == block["valid_removed"] == block["valid_after"] == score.fitness
    assert block["flops_before"] == block["flops_after"]
    assert all(before == after for before, after in block["units"].values())
    assert block["noise_variance"] is None
    assert block["input_noise"][0] == {"deviation": 0.0, "valid": score.fitness}


def test_the_curve_goes_around_the_threshold(tmp_path: Path) -> None:
    block = make(tmp_path, threshold=2.0, epochs=1).estimate(network(), 0, None, lambda _: None).extra["relevance"]
    points = {one["threshold"]: one for one in block["curve"]}
    assert sorted(points) == [0.2, 0.5, 1.0, 1.4, 2.0, 2.8, 4.0, 6.0, 8.0]
    left = [points[threshold]["left"] for threshold in sorted(points)]
    assert left == sorted(left, reverse=True)
    assert points[2.0]["valid"] == pytest.approx(block["valid_removed"])


def test_with_a_tolerance_the_largest_threshold_within_it_is_taken(tmp_path: Path) -> None:
    estimator = make(tmp_path, threshold=2.0, tolerance=0.1, epochs=1, fine_tune=0)
    block = estimator.estimate(network(), 0, None, lambda _: None).extra["relevance"]
    good = [one["threshold"] for one in block["curve"] if one["valid"] >= 0.9 * block["valid_before"]]
    assert block["threshold"] == max(good, default=0.0)
    assert block["valid_removed"] >= 0.9 * block["valid_before"]


def regression(folder: Path, loss: str = "auto", **changes: Any) -> RelevanceEstimator:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 5)).astype(np.float32)
    y = (3.0 + 10.0 * x[:, 1] + 3.0 * rng.normal(size=300)).astype(np.float32)
    estimator = make(folder, training(loss=LossSettings(name=loss, label_smoothing=None), epochs=40), **changes)
    estimator._trainer.dataset = _table(x, y)
    return estimator


def _table(x: Any, y: Any) -> Any:
    parts = [Split(x[rows], y[rows]) for rows in (slice(200), slice(200, 250), slice(250, None))]
    return replace(
        table(), train=parts[0], validation=parts[1], test=parts[2], mean=x[:200].mean(0), std=x[:200].std(0),
        target_mean=float(y[:200].mean()), target_std=float(y[:200].std()),
    )  # fmt: skip


def linear() -> Architecture:
    return Architecture((node("input", shape=(5,)), node("dense", (0,), units=1, activation="linear")))


def test_a_regression_finds_its_noise_and_the_input_that_matters(tmp_path: Path) -> None:
    """The noise's variance is 9 of about 109; an irrelevant weight passes by chance with |t| > √2, one of six."""
    estimator = regression(tmp_path, variance_rate=10.0, fine_tune=0)
    score = estimator.estimate(linear(), 0, None, lambda _: None)
    block = score.extra["relevance"]
    assert score.fitness is not None and score.fitness == -block["valid_after"]
    assert 1 not in block["unread_inputs"] and len(block["unread_inputs"]) >= 3
    assert block["valid_after"] < 3.5
    assert block["noise_variance"] == pytest.approx(9 / 109, rel=0.3)


def test_a_regression_with_another_likelihood_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="likelihood of mse"):
        regression(tmp_path, "cross_entropy").estimate(linear(), 0, None, lambda _: None)
