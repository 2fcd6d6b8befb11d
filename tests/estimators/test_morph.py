"""The estimator that compresses first."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.keras_cost import model_cost
from nas_cli.data.prepare import prepare
from nas_cli.errors import ConfigError
from nas_cli.estimators.contract import Donor, Hints
from nas_cli.estimators.morph import MorphEstimator
from nas_cli.estimators.settings import MorphEstimatorSettings
from nas_cli.models.load import load_model
from nas_cli.morph.settings import MorphSettings
from nas_cli.schema import validate
from nas_cli.spaces.architecture import Architecture, node
from tests.estimators.contract import EstimatorContract
from tests.estimators.test_train import DATA, SHARED
from tests.spaces.configured import values
from tests.training.examples import PLAIN, training

NO_PROGRESS: Any = lambda _: None  # noqa: E731


def network() -> Architecture:
    """Two parallel convolutions, joined: their channels die apart."""
    return Architecture(
        (
            node("input", shape=(12, 12, 1)),
            node("conv2d", (0,), filters=12, kernel=3, activation="relu"),
            node("max_pool", (1,), size=2),
            node("conv2d", (2,), filters=8, kernel=3, activation="relu"),
            node("conv2d", (2,), filters=6, kernel=1, activation="relu"),
            node("merge", (3, 4), mode="concat"),
            node("flatten", (5,)),
            node("dense", (6,), units=10, activation="relu"),
            node("dense", (7,), units=3, activation="linear"),
        )
    )


def morph_settings(**changes: Any) -> MorphSettings:
    """The shipped settings, half of the FLOPs to go: how much dies by a threshold is not the estimator's business."""
    shipped = values("morph", "default")
    return validate(MorphSettings, {**shipped, "regularizer": "group_lasso", "epochs": 1, "reduction": 0.5, **changes})


def make(folder: Path, morph: dict[str, Any] | None = None, **changes: Any) -> MorphEstimator:
    prepare(DATA, folder / "none", folder / "data")
    given = {**SHARED, "name": "morph", "weights": "scratch", "skip": False, "epochs": 2, **changes}
    settings = MorphEstimatorSettings(morph=morph_settings(**(morph or {})), **given)
    return MorphEstimator(settings, training(), PLAIN, folder / "data")


class TestMorphEstimator(EstimatorContract):
    @pytest.fixture
    def estimator(self, tmp_path: Path) -> MorphEstimator:
        return make(tmp_path)

    @pytest.fixture
    def architecture(self) -> Architecture:
        return network()


def test_the_network_that_is_scored_and_saved_is_the_smaller_one(tmp_path: Path) -> None:
    score = make(tmp_path).estimate(network(), 0, tmp_path / "model.keras", NO_PROGRESS)
    assert score.trained is not None
    block = score.extra["compression"]
    before, after = architecture_cost(network()), architecture_cost(score.trained)
    assert model_cost(load_model(tmp_path / "model.keras")).params == after.params < before.params
    assert (block["flops_before"], block["flops_after"]) == (before.flops, after.flops)
    assert block["ratio"] == before.flops / after.flops > 1.5
    assert score.metrics["compress_seconds"] == block["seconds"] > 0
    assert len(score.curve) == 2 == score.metrics["epochs"]
    assert block["epochs"] == 1


def test_counts_of_each_layer_are_those_of_the_smaller_network(tmp_path: Path) -> None:
    score = make(tmp_path).estimate(network(), 0, None, NO_PROGRESS)
    assert score.trained is not None
    block = score.extra["compression"]
    widths = {f"{n.op}_{i}": n["filters" if n.op == "conv2d" else "units"]
              for i, n in enumerate(score.trained.nodes) if n.op in ("conv2d", "dense")}  # fmt: skip
    widths.pop("dense_8")
    assert block["sizes"] == widths
    assert set(block["alive"]) == set(widths)
    macs = {layer.name: layer.macs for layer in architecture_cost(score.trained).layers}
    assert block["layer_flops"] == {name: 2 * macs[name] for name in widths}


def test_a_network_that_is_not_to_be_compressed_is_trained_as_it_is(tmp_path: Path) -> None:
    score = make(tmp_path).estimate(network(), 0, None, NO_PROGRESS, Hints(compress=False))
    assert score.trained is None
    block = score.extra["compression"]
    assert (block["skipped"], block["ratio"], block["reason"]) == (True, 1.0, "not in this generation")
    assert block["flops_before"] == block["flops_after"] == architecture_cost(network()).flops


def test_compression_is_skipped_where_the_model_predicts_no_gain(tmp_path: Path) -> None:
    """n = 2, k = 1, d/c = 2·40/(3·160) = 1/6: 1/a < 1 − 1/(2 + 1/6) needs a > 13/7."""
    estimator = make(tmp_path, skip=True)
    data = estimator._trainer.dataset
    assert (len(data.train), len(data.validation)) == (160, 40)
    reasons = {ratio: estimator._reason_to_skip(Hints(ratio=ratio)) for ratio in (None, 1.5, 1.85, 1.86, 3.0)}
    assert [ratio for ratio, reason in reasons.items() if reason] == [1.5, 1.85]
    score = estimator.estimate(network(), 0, None, NO_PROGRESS, Hints(ratio=1.5))
    assert score.trained is None and score.extra["compression"]["skipped"]
    assert make(tmp_path)._reason_to_skip(Hints(ratio=1.5)) is None


@pytest.mark.parametrize(
    ("morph", "changes", "message"),
    [
        ({}, {"skip": True, "weights": "surviving"}, r"estimator\.skip=true needs estimator\.weights=scratch"),
        ({"target": "latency", "device": "this_machine"}, {}, "needs a named device, not this_machine"),
        ({"target": "latency", "device": "v10"}, {}, "unknown device 'v10'"),
    ],
)
def test_settings_that_mean_nothing_or_another_thing_every_day_are_refused(
    morph: dict[str, Any], changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=message):
        make(tmp_path, morph, **changes)


def test_a_named_device_is_a_target(tmp_path: Path) -> None:
    score = make(tmp_path, {"target": "latency", "device": "laptop_cpu"}).estimate(network(), 0, None, NO_PROGRESS)
    assert score.extra["compression"]["ratio"] > 1


def test_of_several_multipliers_the_weights_have_had_the_epochs_of_one(tmp_path: Path) -> None:
    estimator = make(tmp_path, {"multipliers": (0.1, 1.0), "epochs": 2}, weights="surviving", epochs=4)
    block = estimator.estimate(network(), 0, None, NO_PROGRESS).extra["compression"]
    assert (block["epochs"], block["saved_epochs"]) == (4.0, 2)


@pytest.mark.parametrize("failing", ["compression", "training"])
def test_a_network_that_fails_says_what_its_compression_took(failing: str, tmp_path: Path) -> None:
    cutting = {"reduction": None, "multiplier": 1e5, "learning_rate": 0.05, "min_channels": 0, "epochs": 4}
    estimator = make(tmp_path, cutting if failing == "compression" else {"learning_rate": 0.01})
    budget = estimator._trainer.training
    estimator._trainer.training = replace(budget, optimizer=replace(budget.optimizer, learning_rate=1e38))
    score = estimator.estimate(network(), 0, None, NO_PROGRESS)
    assert score.fitness is None
    assert score.failure is not None and score.failure.startswith("the strength" if failing == "compression" else "div")
    assert score.metrics["compress_seconds"] > 0


def test_surviving_weights_go_on_where_the_compression_ended(tmp_path: Path) -> None:
    """Its epoch counts: one is left of two. Learning nothing more, the network scores as the compressed one did."""
    frozen = replace(training(), optimizer=replace(training().optimizer, learning_rate=1e-12))
    scores = {}
    for weights in ("surviving", "scratch"):
        estimator = make(tmp_path, {"learning_rate": 0.01, "epochs": 1, "reduction": 0.3}, weights=weights, epochs=2)
        estimator._trainer.training = replace(frozen, epochs=2)
        scores[weights] = estimator.estimate(network(), 0, None, NO_PROGRESS)
    assert len(scores["surviving"].curve) == 1 and len(scores["scratch"].curve) == 2
    assert scores["surviving"].trained == scores["scratch"].trained
    assert scores["surviving"].curve[0]["valid_loss"] < scores["scratch"].curve[0]["valid_loss"] - 0.1


def test_donors_give_their_weights_where_shapes_are_equal(tmp_path: Path) -> None:
    estimator = make(tmp_path)
    first = estimator.estimate(network(), 0, tmp_path / "donor.keras", NO_PROGRESS, Hints(compress=False))
    assert first.failure is None
    layers = {"conv2d_1": "conv2d_1", "conv2d_3": "conv2d_4"}
    donors = (Donor(4, tmp_path / "donor.keras", layers),)
    score = estimator.estimate(network(), 1, None, NO_PROGRESS, Hints(compress=False, donors=donors))
    assert score.extra["reused"] == {"trials": [4], "layers": 1}
    plain = estimator.estimate(network(), 1, None, NO_PROGRESS, Hints(compress=False))
    assert plain.curve[0]["valid_loss"] != score.curve[0]["valid_loss"]
    assert "reused" not in plain.extra
