"""Scores of untrained networks, alone and as a filter."""

from pathlib import Path
from typing import Any

import pytest

from nas_cli.data.prepare import prepare
from nas_cli.errors import ConfigError
from nas_cli.estimators.contract import Hints
from nas_cli.estimators.filter import FilterSettings, filter_bar
from nas_cli.estimators.settings import ZeroCostEstimatorSettings
from nas_cli.estimators.zero_cost import ZeroCostEstimator
from nas_cli.spaces.architecture import Architecture
from tests.estimators.contract import EstimatorContract
from tests.estimators.test_train import DATA, SHARED, network
from tests.estimators.test_train import make as make_train
from tests.training.examples import PLAIN, training

QUIET: Any = lambda _: None  # noqa: E731


def make(folder: Path, **changes: Any) -> ZeroCostEstimator:
    prepare(DATA, folder / "none", folder / "data")
    given = {**SHARED, "name": "zero_cost", "proxy": "synflow", "examples": 6, **changes}
    return ZeroCostEstimator(ZeroCostEstimatorSettings(**given), training(), PLAIN, folder / "data")


class TestZeroCostEstimator(EstimatorContract):
    @pytest.fixture
    def estimator(self, tmp_path: Path) -> ZeroCostEstimator:
        return make(tmp_path, proxy="all")

    @pytest.fixture
    def architecture(self) -> Architecture:
        return network()

    def test_a_saved_network_can_be_tested(self, estimator: Any, architecture: Architecture, tmp_path: Path) -> None:
        """Only the chosen network is trained and saved."""
        file = tmp_path / "model.keras"
        score = estimator.estimate(architecture, 7, file, QUIET)
        assert not file.exists() and set(score.metrics) == {"synflow", "naswot", "grad_norm"}
        final = estimator.estimate(architecture, 7, file, QUIET, Hints(final=True))
        assert final.metrics["epochs"] == 2
        assert set(estimator.test(file)) == {"test_loss", "test_accuracy"}


def test_another_seed_draws_other_weights(tmp_path: Path) -> None:
    estimator = make(tmp_path)
    scores = [estimator.estimate(network(), seed, None, QUIET) for seed in (0, 1)]
    assert scores[0].fitness == scores[0].metrics["synflow"] != scores[1].fitness


def test_a_proxy_that_is_no_number_is_a_failure(tmp_path: Path) -> None:
    """Four ReLU maps of 144 places tell images apart; two equal images they cannot."""
    estimator = make(tmp_path, proxy="naswot")
    images = estimator._trainer.dataset.train.x
    estimator._trainer.dataset.train.__dict__["x"] = images[:1].repeat(len(images), axis=0)
    score = estimator.estimate(network(), 0, None, QUIET)
    assert (score.fitness, score.failure) == (None, "naswot is -inf on 6 examples")


@pytest.mark.parametrize("changes", [{"reuse": True}, {"stop_early": True}, {"filter": FilterSettings("synflow", 0.5)}])
def test_settings_of_trainings_are_refused(changes: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"estimator\.\w+(\.proxy)?="):
        make(tmp_path, **changes)


def test_the_bar_keeps_the_best_share() -> None:
    values = [3.0, 1.0, 4.0, 1.5, 9.0, 2.0, 6.0, 5.0]
    assert filter_bar(values, 0.5) == 4.0
    assert filter_bar(values, 0.01) == 9.0 and filter_bar(values, 1.0) == 1.0
    assert filter_bar(values[:7], 0.5) is None


def test_a_share_that_is_a_whole_number_of_candidates_is_not_rounded_up() -> None:
    hundred = [float(value) for value in range(1, 101)]
    assert [filter_bar(hundred, keep) for keep in (0.07, 0.14, 0.075)] == [94.0, 87.0, 93.0]


def test_a_candidate_below_the_bar_is_not_trained(tmp_path: Path) -> None:
    estimator = make_train(tmp_path, filter=FilterSettings("synflow", 0.5))
    file = tmp_path / "model.keras"
    held = estimator.estimate(network(), 0, file, QUIET, Hints(filter_bar=1e9))
    assert held.fitness is None and not file.exists() and held.curve == ()
    assert held.failure is not None and held.failure.startswith("filtered: synflow ")
    passed = estimator.estimate(network(), 0, None, QUIET, Hints(filter_bar=-1e9))
    assert passed.metrics["synflow"] == held.metrics["synflow"]
    plain = make_train(tmp_path).estimate(network(), 0, None, QUIET)
    assert passed.fitness == plain.fitness and "synflow" not in plain.metrics
