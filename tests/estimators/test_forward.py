import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nas_cli.data.dataset import Dataset
from nas_cli.data.prepare import prepare
from nas_cli.data.settings import DatasetSettings
from nas_cli.errors import ConfigError
from nas_cli.estimators.contract import Estimator
from nas_cli.estimators.forward import ForwardEstimator
from nas_cli.estimators.forward_pass import outputs
from nas_cli.estimators.forward_settings import ForwardSettings
from nas_cli.schema import validate
from nas_cli.spaces.candidate import Candidate, Point
from nas_cli.spaces.neural_network import NeuralNetwork, Unit
from tests.data.publishers import boston_csv
from tests.estimators.contract import EstimatorContract
from tests.spaces.configured import values

XOR = NeuralNetwork(
    2,
    (
        Unit(-0.5, "relu", ((0, 1.0), (1, 1.0))),
        Unit(-1.5, "relu", ((0, 1.0), (1, 1.0))),
        Unit(-1.0, "sigmoid", ((2, 4.0), (3, -12.0))),
    ),
    1,
)
"""relu(a+b−½), relu(a+b−1½) → sigmoid(4.9·(4·h1 − 12·h2 − 1)): exclusive or of inputs 0 and 1."""
BLANK = NeuralNetwork(2, (Unit(0.0, "sigmoid", ()),), 1)


def prepared(dataset: str, folder: Path, data_dir: Path) -> Dataset:
    return prepare(validate(DatasetSettings, values("dataset", dataset)), data_dir, folder)


def make(folder: Path, **changes: Any) -> ForwardEstimator:
    settings = validate(ForwardSettings, {**values("estimator", "forward"), "standardise": False, **changes})
    return ForwardEstimator(settings, None, None, folder)


def score(estimator: Estimator, network: Candidate) -> Any:
    return estimator.estimate(network, 0, None, lambda _: None)


@pytest.fixture
def xor(tmp_path: Path) -> Path:
    prepared("xor", tmp_path / "xor", tmp_path)
    return tmp_path / "xor"


@pytest.fixture
def boston(tmp_path: Path) -> Path:
    (tmp_path / "boston-housing").mkdir()
    (tmp_path / "boston-housing" / "boston_house_prices.csv").write_text(boston_csv(50))
    prepared("boston", tmp_path / "boston", tmp_path)
    return tmp_path / "boston"


class TestForward(EstimatorContract):
    @pytest.fixture
    def estimator(self, xor: Path) -> Estimator:
        return make(xor)

    @pytest.fixture
    def architecture(self) -> Any:
        return XOR

    def test_a_saved_network_can_be_tested(self) -> None:  # type: ignore[override]
        """There are no saved networks; the test metrics are those of the candidate."""


def test_outputs_by_hand() -> None:
    network = NeuralNetwork(
        1, (Unit(1.0, "relu", ((0, 2.0),)), Unit(0.0, "tanh", ((1, 1.0),)), Unit(0.5, "linear", ((0, 1.0),))), 2
    )
    np.testing.assert_allclose(outputs(network, np.array([[-1.0, 2.0]])), [[0.0, math.tanh(5)], [-0.5, 2.5]])
    np.testing.assert_allclose(outputs(BLANK, np.zeros((2, 3))), [[0.5] * 3])
    np.testing.assert_allclose(outputs(XOR, np.array([[0, 0, 1, 1.0], [0, 1, 0, 1.0]]))[0] > 0.5, [0, 1, 1, 0])


def test_measures_of_a_network_that_always_says_one_half(xor: Path) -> None:
    # four errors of 1/2: mse 1/4, (4 − 2)² = 4; an output of exactly 0.5 is class 0
    by_name = {"accuracy": 0.5, "neg_mse": -0.25, "inverse_mse": 0.8, "neat": 4.0}
    for name, expected in by_name.items():
        found = score(make(xor, fitness=name), BLANK)
        assert found.fitness == found.metrics["train_fitness"] == expected
        assert found.metrics["valid_accuracy"] == 0.5 and found.metrics["valid_loss"] == 0.25
    assert found.cost == {"macs": 0, "flops": 0, "params": 1}


def test_a_network_that_solves_exclusive_or(xor: Path) -> None:
    found = score(make(xor, fitness="neat"), XOR)
    assert found.metrics["train_accuracy"] == found.metrics["valid_accuracy"] == 1.0
    assert 12.25 < found.fitness < 16
    assert make(xor).known_test(XOR)["test_accuracy"] == 1.0


def test_regression_is_measured_in_the_targets_own_unit(boston: Path) -> None:
    mean = NeuralNetwork(13, (Unit(0.0, "linear", ()),), 1)
    found = score(make(boston, standardise=True), mean)
    assert found.metrics["train_loss"] == pytest.approx(1.0, rel=1e-4)
    assert found.metrics["train_fitness"] == pytest.approx(0.5, rel=1e-4)
    from nas_cli.data.prepare import open_prepared

    data = open_prepared(boston)
    assert found.metrics["train_rmse"] == pytest.approx(data.target_std, rel=1e-4)
    expected = float(np.sqrt(np.mean((data.test.y - data.target_mean) ** 2)))
    assert make(boston).known_test(mean)["test_rmse"] == pytest.approx(expected, rel=1e-5)


def test_a_network_of_infinite_outputs_has_diverged(boston: Path) -> None:
    wild = NeuralNetwork(13, (Unit(1e200, "linear", ()), Unit(0.0, "linear", ((13, 1e200),))), 1)
    found = score(make(boston), wild)
    assert (found.fitness, found.failure) == (None, "diverged")


def test_other_candidates_and_measures_are_refused(xor: Path, boston: Path) -> None:
    with pytest.raises(ConfigError, match="--space dense"):
        score(make(xor), Point((("a", 1),)))
    with pytest.raises(ConfigError, match="inverse_mse"):
        make(boston, fitness="accuracy")
