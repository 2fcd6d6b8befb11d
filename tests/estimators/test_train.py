"""The estimator that trains."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nas_cli.data.prepare import prepare
from nas_cli.data.settings import DatasetSettings
from nas_cli.errors import ConfigError
from nas_cli.estimators.budget import resized, smaller
from nas_cli.estimators.filter import FilterSettings
from nas_cli.estimators.settings import TrainEstimatorSettings
from nas_cli.estimators.train import TrainEstimator
from nas_cli.spaces.architecture import Architecture, node
from tests.estimators.contract import EstimatorContract
from tests.training.examples import ADAM, PLAIN, images, table, training

DATA = DatasetSettings(
    name="synthetic", train_size=None, valid_size=None, test_size=None, validation_fraction=0.2, split_seed=0,
    resolution=None, path=None, shape=(12, 12, 1), classes=3, examples=200,
)  # fmt: skip
SETTINGS = TrainEstimatorSettings(
    name="train", epochs=None, train_size=None, resolution=None, score="best", cache=False, reuse=False,
    stop_early=False, filter=FilterSettings("none", 0.5),
)  # fmt: skip
SHARED = {field.name: getattr(SETTINGS, field.name) for field in fields(SETTINGS)}
"""What the settings of all estimators that train have."""


def network() -> Architecture:
    return Architecture(
        (
            node("input", shape=(12, 12, 1)),
            node("conv2d", (0,), filters=4, kernel=3, activation="relu"),
            node("max_pool", (1,), size=2),
            node("flatten", (2,)),
            node("dense", (3,), units=3, activation="linear"),
        )
    )


def make(folder: Path, training_changes: dict[str, Any] | None = None, **changes: Any) -> TrainEstimator:
    prepare(DATA, folder / "none", folder / "data")
    chosen = training(**(training_changes or {}))
    return TrainEstimator(replace(SETTINGS, **changes), chosen, PLAIN, folder / "data")


class TestTrainEstimator(EstimatorContract):
    @pytest.fixture
    def estimator(self, tmp_path: Path) -> TrainEstimator:
        return make(tmp_path)

    @pytest.fixture
    def architecture(self) -> Architecture:
        return network()


def test_fitness_is_the_validation_accuracy_of_the_chosen_epoch(tmp_path: Path) -> None:
    score = make(tmp_path, epochs=4).estimate(network(), 0, None, lambda _: None)
    accuracies = [epoch["valid_accuracy"] for epoch in score.curve]
    assert len(accuracies) == 4
    assert score.fitness == max(accuracies) == score.metrics["valid_accuracy"]
    assert score.extra == {"precision": "float32"}
    last = make(tmp_path, epochs=4, score="last").estimate(network(), 0, None, lambda _: None)
    assert last.fitness == last.curve[-1]["valid_accuracy"]


def test_budgets_work_together_and_the_saved_network_is_tested_at_its_resolution(tmp_path: Path) -> None:
    estimator = make(tmp_path, train_size=60, resolution=8)
    score = estimator.estimate(network(), 0, tmp_path / "small.keras", lambda _: None)
    assert score.failure is None
    assert set(estimator.test(tmp_path / "small.keras")) == {"test_loss", "test_accuracy"}


def test_divergence_is_a_failure_without_fitness_or_file(tmp_path: Path) -> None:
    huge = replace(ADAM, name="sgd", learning_rate=1e30)
    score = make(tmp_path, {"optimizer": huge}).estimate(network(), 0, tmp_path / "model.keras", lambda _: None)
    assert (score.fitness, score.failure) == (None, "diverged")
    assert not (tmp_path / "model.keras").exists()


def test_a_training_cut_by_time_is_a_failure(tmp_path: Path) -> None:
    score = make(tmp_path, {"max_seconds": 1e-9}).estimate(network(), 0, None, lambda _: None)
    assert (score.fitness, score.failure) == (None, "out of time")


def test_a_subset_is_stratified_and_always_the_same() -> None:
    data = images(train=90)
    first, second = smaller(data, 31), smaller(data, 31)
    assert sorted(np.bincount(first.train.y).tolist()) == [10, 10, 11]
    np.testing.assert_array_equal(first.train.x, second.train.x)
    assert len(first.validation) == len(data.validation)


def test_budgets_that_cannot_be_met_are_refused() -> None:
    with pytest.raises(ConfigError, match="estimator.train_size is 1, must be at least"):
        smaller(images(), 1)
    with pytest.raises(ConfigError, match="needs images"):
        resized(table(), 8)


def test_a_budget_beyond_the_data_takes_all_of_it() -> None:
    assert len(smaller(images(), 10**6).train) == len(images().train)


def test_resizing_keeps_what_an_image_shows() -> None:
    small = resized(images(), 4)
    assert small.input_shape == (4, 4, 1)
    assert float(small.train.x.mean()) == pytest.approx(float(images().train.x.mean()), rel=0.02)
