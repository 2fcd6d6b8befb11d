"""Networks that start from their parent's weights, and trainings that go on."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nas_cli.data.prepare import prepare
from nas_cli.errors import ConfigError
from nas_cli.estimators.contract import Donor, Hints
from nas_cli.estimators.inherit import InheritEstimator
from nas_cli.estimators.settings import InheritEstimatorSettings
from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.candidate import Point
from nas_cli.spaces.morphing import morphed
from nas_cli.spaces.morphism import Morphism
from tests.estimators.contract import EstimatorContract
from tests.estimators.test_train import DATA, SHARED, network
from tests.estimators.test_train import make as make_train
from tests.training.examples import PLAIN, training

QUIET: Any = lambda _: None  # noqa: E731


def make(folder: Path, **changes: Any) -> InheritEstimator:
    prepare(DATA, folder / "none", folder / "data")
    given = {**SHARED, "name": "inherit", "inherited_epochs": 1, "noise": 0.0, **changes}
    return InheritEstimator(InheritEstimatorSettings(**given), training(), PLAIN, folder / "data")


class TestInheritEstimator(EstimatorContract):
    @pytest.fixture
    def estimator(self, tmp_path: Path) -> InheritEstimator:
        return make(tmp_path)

    @pytest.fixture
    def architecture(self) -> Architecture:
        return network()


MORPHISMS = (Morphism("widen", 1, width=6), Morphism("deepen", 1))


def test_a_child_goes_on_from_its_parents_answers(tmp_path: Path) -> None:
    """Learning nothing more, it scores as its parent did."""
    file, child = tmp_path / "parent.keras", network()
    for morphism in MORPHISMS:
        child = morphed(child, morphism)
    estimator = make(tmp_path, epochs=3, score="last")
    parent = estimator.estimate(network(), 0, file, QUIET)
    budget = estimator._trainer.training
    estimator._trainer.training = replace(budget, optimizer=replace(budget.optimizer, learning_rate=1e-12))
    score = estimator.estimate(child, 1, None, QUIET, Hints(parent=Donor(4, file, {}), morphisms=MORPHISMS))
    assert score.extra["inherited"] == {"trial": 4, "morphisms": 2, "layers": 3}
    assert len(score.curve) == 1
    assert score.metrics["valid_loss"] == pytest.approx(parent.metrics["valid_loss"], rel=1e-4)


def test_without_changes_the_common_layers_are_taken(tmp_path: Path) -> None:
    file, estimator = tmp_path / "parent.keras", make(tmp_path)
    estimator.estimate(network(), 0, file, QUIET)
    other = morphed(network(), Morphism("widen", 1, width=6))
    score = estimator.estimate(other, 1, None, QUIET, Hints(parent=Donor(0, file, {})))
    assert score.extra["inherited"] == {"trial": 0, "morphisms": 0, "layers": 1}


def test_only_one_key_says_where_weights_come_from(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="use one"):
        make(tmp_path, reuse=True)


def test_a_longer_trial_continues_a_shorter_one(tmp_path: Path) -> None:
    """The learning rates are those of the whole budget: half a cosine of 4 epochs, from its middle on."""
    file, estimator = tmp_path / "short.keras", make_train(tmp_path)
    budget = estimator._trainer.training
    cosine = replace(budget.schedule, name="cosine", final_fraction=0.0)
    estimator._trainer.training = replace(budget, schedule=cosine)
    short = estimator.estimate(network(), 0, file, QUIET, Hints(epochs=2))
    hints = Hints(epochs=4, continues=Donor(0, file, {}), trained_epochs=2)
    longer = estimator.estimate(network(), 1, None, QUIET, hints)
    assert [epoch["epoch"] for epoch in longer.curve] == [3, 4]
    assert longer.metrics["epochs"] == 2
    assert longer.curve[0]["learning_rate"] == pytest.approx(0.005)
    assert longer.extra["continued"] == {"trial": 0, "epochs": 2}
    assert longer.curve[0]["train_loss"] < short.curve[0]["train_loss"]
    again = estimator.estimate(network(), 1, None, QUIET, hints)
    assert again.fitness == longer.fitness


def test_a_budget_that_does_not_grow_is_refused(tmp_path: Path) -> None:
    estimator = make_train(tmp_path)
    hints = Hints(epochs=2, continues=Donor(0, tmp_path / "none.keras", {}), trained_epochs=2)
    with pytest.raises(ConfigError, match="a trial of 2 epochs cannot continue one of 2"):
        estimator.estimate(network(), 0, None, QUIET, hints)


def test_a_point_is_no_network(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="trains networks, and .* is none"):
        make_train(tmp_path).estimate(Point((("edge", "none"),)), 0, None, QUIET)
