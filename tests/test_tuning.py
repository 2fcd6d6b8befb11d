"""`--space hyperparameters`: keys of the configuration as decisions."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from nas_cli.build import estimator_factory, make_admissible, make_space
from nas_cli.config import SearchConfig, load_config
from nas_cli.data.prepare import prepare
from nas_cli.errors import ConfigError
from nas_cli.estimators.train import TrainEstimator
from nas_cli.spaces.candidate import Point
from nas_cli.tuning import with_values
from tests.estimators.test_train import DATA, network

RATE, OPTIMIZER = "training.optimizer.learning_rate", "training/optimizer"


@pytest.fixture(scope="module")
def config() -> SearchConfig:
    made: SearchConfig = load_config("search", ["space=hyperparameters", "space.model=lenet_300_100"])
    return made


def space(config: SearchConfig, keys: Mapping[str, Any]) -> Any:
    return make_space(replace(config, space=replace(config.space, keys=keys)), (28, 28, 1), 10)


def test_a_point_sets_its_keys_and_nothing_else(config: SearchConfig) -> None:
    changed = with_values(config, {RATE: 0.5, OPTIMIZER: "momentum", "training.batch_size": 16})
    optimizer = changed.training.optimizer
    # The rest of the optimizer comes from its own file.
    assert (optimizer.name, optimizer.learning_rate, optimizer.momentum) == ("momentum", 0.5, 0.9)
    assert changed.training.batch_size == 16
    assert replace(changed, training=config.training) == config


def test_keys_given_on_the_command_line_join_those_of_the_file() -> None:
    config = load_config("search", ["space=hyperparameters", "space.keys={training.epochs: [1, 2]}"])
    assert set(config.space.keys) == {RATE, OPTIMIZER, "training.batch_size", "training.epochs"}


@pytest.mark.parametrize("given", ["{low: 16, high: 64, whole: true}", "{choices: [16, 64]}", "[8]", "null"])
def test_a_given_key_replaces_what_the_defaults_say_of_it(given: str) -> None:
    batch = load_config("search", ["space=hyperparameters", f"space.keys={{training.batch_size: {given}}}"])
    assert batch.space.keys["training.batch_size"] == yaml.safe_load(given)
    rate = load_config("search", ["space=hyperparameters", f"space.keys={{{RATE}: {given}}}"])
    assert rate.space.keys[RATE] == yaml.safe_load(given)


def test_keys_that_are_no_group_are_one_line() -> None:
    with pytest.raises(ConfigError, match="space.keys must be a group"):
        load_config("search", ["space=hyperparameters", "space.keys=[training.batch_size]"])
    with pytest.raises(ConfigError, match="unknown key 'space.keys'"):
        load_config("search", ["space=chain", "space.keys={training.batch_size: [8]}"])


def test_the_cost_is_the_model_s_and_grows_with_its_width(config: SearchConfig) -> None:
    made = make_space(config, (28, 28, 1), 10)
    # LeNet-300-100 on 784 inputs: 784·300 + 300·100 + 100·10 weights.
    assert made.cost(Point(()))["macs"] == 266_200
    widths = space(config, {"model.width": [0.5, 1.0]})
    assert widths.cost(Point((("model.width", 0.5),)))["macs"] == 784 * 150 + 150 * 50 + 50 * 10


def test_a_limit_refuses_points_of_too_large_networks(config: SearchConfig) -> None:
    limited = replace(config, space=replace(config.space, keys={"model.width": [0.5, 1.0]}, max_params=200_000.0))
    admissible = make_admissible(limited, make_space(limited, (28, 28, 1), 10))
    assert admissible(Point((("model.width", 0.5),)))
    assert not admissible(Point((("model.width", 1.0),)))


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"training.batchsize": [16]}, "'training.batchsize' is no key.*Did you mean 'training.batch_size'"),
        ({"seed": [1, 2]}, "'seed' is no key of training or augmentation"),
        ({"dataset": ["mnist"]}, "'dataset' is no key of training or augmentation"),
        ({OPTIMIZER: ["adam", "adamax"]}, "cannot be 'adamax'.*Did you mean 'adam'"),
        ({"training.batch_size": [0, 16]}, "'training.batch_size' cannot be 0: training.batch_size must be in"),
        ({"training.epochs": {"low": 1, "high": 2.5}}, "cannot be 2.5: training.epochs must be a whole number"),
        ({RATE: {"low": 0.0, "high": 1.0}}, "cannot be 0.0"),
        (
            {OPTIMIZER: ["momentum", "adam"], "training.optimizer.momentum": [0.9]},
            "'training.optimizer.momentum' cannot be 0.9 where training/optimizer=adam",
        ),
        (
            {
                OPTIMIZER: ["momentum", "adam"],
                "training.optimizer.momentum": {"choices": [0.9], "when": {OPTIMIZER: ["momentum", "adam"]}},
            },
            "cannot be 0.9 where training/optimizer=adam",
        ),
        ({"training.batch_size": {"low": 8, "high": 64}}, "cannot be 29.*training.batch_size must be a whole number"),
        ({"model.width": [0.5, 0]}, "'model.width' cannot be 0: it must be a factor above 0"),
        ({"model.width": ["half"]}, "'model.width' cannot be 'half'"),
    ],
)
def test_a_key_or_value_that_does_not_exist_is_one_line(
    config: SearchConfig, keys: Mapping[str, Any], expected: str
) -> None:
    with pytest.raises(ConfigError, match=expected) as caught:
        space(config, keys)
    assert "\n" not in str(caught.value)


def test_an_unknown_or_unbuilt_model_is_one_line(config: SearchConfig, tmp_path: Path) -> None:
    for model, expected in (("lenet", "neither a known network"), ("mobilenet_v2", "choose a network with an arch")):
        with pytest.raises(ConfigError, match=expected):
            make_space(replace(config, space=replace(config.space, model=model)), (28, 28, 1), 10)


def test_a_width_that_the_model_does_not_have_is_refused_before_the_search(
    config: SearchConfig, tmp_path: Path
) -> None:
    (tmp_path / "network.json").write_text(json.dumps(network().to_json()))
    chosen = replace(config.space, model=str(tmp_path / "network.json"), keys={"model.width": [0.5, 1.0]})
    with pytest.raises(ConfigError, match="keeps the width it was made with"):
        make_space(replace(config, space=chosen), (12, 12, 1), 3)


def test_a_table_is_not_trained(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("width,acc\n1,0.5\n2,0.6\n")
    (tmp_path / "t.yaml").write_text("file: t.csv\nfitness: acc\n")
    config = load_config("search", ["space=table", f"space.description={tmp_path / 't.yaml'}", "strategy=random"])
    with pytest.raises(ConfigError, match="add --estimator table"):
        make_space(config, (28, 28, 1), 10)


def test_a_point_scores_what_a_training_with_its_settings_scores(tmp_path: Path) -> None:
    prepare(DATA, tmp_path / "none", tmp_path / "data")
    (tmp_path / "network.json").write_text(json.dumps(network().to_json()))
    keys = "space.keys={training.optimizer.momentum: {low: 0.5, high: 0.9, when: {training/optimizer: momentum}}}"
    given = ["space=hyperparameters", f"space.model={tmp_path / 'network.json'}", keys, "training.epochs=1"]
    config = load_config("search", [*given, "training.precision=float32"])
    point = Point(((OPTIMIZER, "momentum"), ("training.optimizer.momentum", 0.5), (RATE, 0.05)))
    score = estimator_factory(config, tmp_path / "data")().estimate(point, 3, None, lambda _: None)
    chosen = load_config("search", ["training/optimizer=momentum", "training.optimizer.momentum=0.5",
                                    "training.optimizer.learning_rate=0.05", *given[3:]])  # fmt: skip
    settings = replace(chosen.training, precision="float32")
    alone = TrainEstimator(config.estimator, settings, config.augmentation, tmp_path / "data")
    expected = alone.estimate(network(), 3, None, lambda _: None)
    assert score.trained == network()
    assert score.fitness == expected.fitness
    assert score.metrics["train_loss"] == pytest.approx(expected.metrics["train_loss"], rel=1e-4)
