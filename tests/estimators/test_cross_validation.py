"""Scores by cross-validation."""

from dataclasses import replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
import pytest

from nas_cli.data.dataset import DatasetInfo
from nas_cli.data.prepare import prepare
from nas_cli.errors import ConfigError
from nas_cli.estimators.cross_validation import CrossValidationEstimator
from nas_cli.estimators.folds import check_folds, fold, fold_numbers
from nas_cli.estimators.settings import CrossValidationEstimatorSettings
from nas_cli.spaces.architecture import Architecture, node
from tests.estimators.contract import EstimatorContract
from tests.estimators.test_train import DATA, SHARED, network
from tests.training.examples import PLAIN, images, table, training

QUIET: Any = lambda _: None  # noqa: E731


def make(folder: Path, **changes: Any) -> CrossValidationEstimator:
    prepare(DATA, folder / "none", folder / "data")
    given = {**SHARED, "name": "cross_validation", "epochs": 1, "folds": 2, **changes}
    return CrossValidationEstimator(CrossValidationEstimatorSettings(**given), training(), PLAIN, folder / "data")


class TestCrossValidationEstimator(EstimatorContract):
    @pytest.fixture
    def estimator(self, tmp_path: Path) -> CrossValidationEstimator:
        return make(tmp_path)

    @pytest.fixture
    def architecture(self) -> Architecture:
        return network()


def test_fitness_is_the_mean_over_the_folds(tmp_path: Path) -> None:
    score = make(tmp_path, epochs=2, score="last").estimate(network(), 0, None, QUIET)
    folds = [one["fitness"] for one in score.extra["folds"]]
    assert score.fitness == score.metrics["valid_accuracy"] == fmean(folds)
    assert score.metrics["fitness_std"] == stdev(folds)
    assert [(epoch["epoch"], epoch["fold"]) for epoch in score.curve] == [(1, 1), (2, 1), (3, 2), (4, 2)]
    assert score.metrics["epochs"] == 4
    assert [score.curve[at]["valid_accuracy"] for at in (1, 3)] == folds


def test_a_fold_that_fails_fails_the_trial(tmp_path: Path) -> None:
    estimator = make(tmp_path)
    budget = estimator._trainer.training
    estimator._trainer.training = replace(budget, optimizer=replace(budget.optimizer, learning_rate=1e38))
    score = estimator.estimate(network(), 0, None, QUIET)
    assert score.fitness is None and score.failure == "diverged in fold 1"


def test_every_example_is_held_back_once_and_classes_are_shared_out() -> None:
    data = images(train=72)
    numbers = fold_numbers(data, 4)
    seen = []
    for number in range(4):
        part = fold(data, numbers, number)
        assert len(part.train) + len(part.validation) == 102
        counts = np.bincount(part.validation.y, minlength=3)
        assert counts.max() - counts.min() <= 1
        seen.append(part.validation.x)
        assert part.test is data.test
        assert part.mean[0] == pytest.approx(float(part.train.x.mean()), rel=1e-5)
    everything = np.sort(np.concatenate(seen).reshape(102, -1), axis=0)
    given = np.sort(np.concatenate([data.train.x, data.validation.x]).reshape(102, -1), axis=0)
    np.testing.assert_array_equal(everything, given)


def test_more_folds_than_examples_of_a_class_are_refused() -> None:
    with pytest.raises(ConfigError, match="estimator.folds=35, but the rarest class has 34 examples"):
        fold_numbers(images(train=72), 35)


@pytest.mark.parametrize(("classes", "most"), [(3, 10), (1, 30)])
def test_more_folds_than_there_can_be_are_refused_before_the_data_are_read(classes: int, most: int) -> None:
    data = DatasetInfo("tiny", "classification", (8, 8, 1), classes, 50, 10, 10)
    check_folds(most, data, train_size=20)
    with pytest.raises(ConfigError, match=f"estimator.folds={most + 1}, but tiny has 30 examples .*at most {most}"):
        check_folds(most + 1, data, train_size=20)


def test_a_regression_is_scored_by_minus_the_mean_error(tmp_path: Path) -> None:
    estimator = make(tmp_path, folds=3)
    estimator._trainer.dataset = table()
    estimator._numbers = fold_numbers(table(), 3)
    line = Architecture((node("input", shape=(4,)), node("dense", (0,), units=1)))
    score = estimator.estimate(line, 0, tmp_path / "line.keras", QUIET)
    assert score.fitness == -score.metrics["valid_rmse"]
    assert set(estimator.test(tmp_path / "line.keras")) == {"test_loss", "test_rmse"}
