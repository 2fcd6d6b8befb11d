"""Scores promised by the beginning of a learning curve."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nas_cli.data.prepare import prepare
from nas_cli.estimators.extrapolate import ExtrapolateEstimator
from nas_cli.estimators.extrapolation import extrapolated
from nas_cli.estimators.settings import ExtrapolateEstimatorSettings
from nas_cli.spaces.architecture import Architecture
from tests.estimators.contract import EstimatorContract
from tests.estimators.test_train import DATA, SHARED, network
from tests.training.examples import PLAIN, training

QUIET: Any = lambda _: None  # noqa: E731


def make(folder: Path, **changes: Any) -> ExtrapolateEstimator:
    prepare(DATA, folder / "none", folder / "data")
    given = {**SHARED, "name": "extrapolate", "epochs": 8, "fraction": 0.5, **changes}
    return ExtrapolateEstimator(ExtrapolateEstimatorSettings(**given), training(), PLAIN, folder / "data")


class TestExtrapolateEstimator(EstimatorContract):
    @pytest.fixture
    def estimator(self, tmp_path: Path) -> ExtrapolateEstimator:
        return make(tmp_path)

    @pytest.fixture
    def architecture(self) -> Architecture:
        return network()


def test_a_part_is_trained_at_the_rates_of_the_whole_and_the_promise_is_the_fitness(tmp_path: Path) -> None:
    estimator = make(tmp_path, score="last")
    budget = estimator._trainer.training
    estimator._trainer.training = replace(budget, schedule=replace(budget.schedule, name="cosine", final_fraction=0.0))
    score = estimator.estimate(network(), 0, None, QUIET)
    accuracies = [epoch["valid_accuracy"] for epoch in score.curve]
    promise = extrapolated(accuracies, 8)
    assert len(accuracies) == 4 and score.metrics["valid_accuracy"] == accuracies[-1]
    assert score.fitness == score.metrics["extrapolated_accuracy"] == min(1.0, promise.mean)
    assert score.metrics["fitness_std"] == promise.deviation
    assert score.curve[-1]["learning_rate"] > 0.005


def test_the_whole_budget_promises_what_it_measured(tmp_path: Path) -> None:
    score = make(tmp_path, epochs=3, fraction=0.1).estimate(network(), 0, None, QUIET)
    assert score.fitness == score.metrics["valid_accuracy"] and score.metrics["fitness_std"] == 0.0


def test_a_clean_curve_is_continued() -> None:
    promise = extrapolated([0.9 - 0.6 * epoch**-0.5 for epoch in range(1, 9)], 16)
    assert promise.mean == pytest.approx(0.9 - 0.6 * 16**-0.5, abs=0.01)
    assert 0 < promise.deviation < 0.03


def test_a_later_epoch_is_less_certain() -> None:
    curve = [0.3, 0.45, 0.5, 0.56, 0.58]
    assert extrapolated(curve, 50).deviation > extrapolated(curve, 6).deviation
