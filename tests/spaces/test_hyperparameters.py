import math

import numpy as np
import pytest

from nas_cli.errors import ConfigError
from nas_cli.spaces.decision import Categorical, Numeric
from nas_cli.spaces.hyperparameters import HyperparameterSpace, decisions
from tests.spaces.configured import values

RATE, MOMENTUM, OPTIMIZER = "training.optimizer.learning_rate", "training.optimizer.momentum", "training/optimizer"
KEYS = {
    MOMENTUM: {"low": 0.5, "high": 0.9, "when": {OPTIMIZER: ["momentum", "nesterov"]}},
    RATE: {"low": "1e-4", "high": 0.1, "distribution": "log_uniform"},
    "training.batch_size": [16, 32, 64],
    OPTIMIZER: ["adam", "momentum", "nesterov"],
}


def test_the_shipped_keys_are_rate_batch_size_and_optimizer() -> None:
    found = decisions(values("space", "hyperparameters")["keys"])
    assert {decision.name for decision in found} == {RATE, "training.batch_size", OPTIMIZER}


def test_lists_are_choices_and_ranges_numbers_groups_first() -> None:
    found = {decision.name: decision for decision in decisions(KEYS)}
    assert list(found) == [OPTIMIZER, MOMENTUM, RATE, "training.batch_size"]
    assert found["training.batch_size"].domain == Categorical((16, 32, 64), ordered=True)
    assert found[OPTIMIZER].domain == Categorical(("adam", "momentum", "nesterov"))
    assert found[RATE].domain == Numeric(1e-4, 0.1, distribution="log_uniform")


def test_a_conditional_key_counts_only_where_its_condition_holds() -> None:
    space = HyperparameterSpace.__new__(HyperparameterSpace)
    super(HyperparameterSpace, space).__init__(decisions(KEYS))
    rng = np.random.default_rng(0)
    for genotype in (space.sample(rng) for _ in range(30)):
        point = dict(space.point(genotype).values)
        assert (MOMENTUM in point) == (point[OPTIMIZER] != "adam")


def test_learning_rates_are_uniform_in_the_logarithm() -> None:
    rate = next(decision for decision in decisions(KEYS) if decision.name == RATE).domain
    rng = np.random.default_rng(0)
    drawn = [math.log10(float(rate.sample(rng))) for _ in range(2000)]
    assert abs(np.mean(drawn) + 2.5) < 0.06 and abs(np.median(drawn) + 2.5) < 0.1


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, "must name at least one key"),
        ({RATE: None}, "must name at least one key"),
        ({RATE: 0.1}, "needs a list of choices or a range"),
        ({RATE: {"low": 1.0}}, "needs a list of choices or a range"),
        ({RATE: {"low": 1.0, "high": 0.1}}, "low < high"),
        ({RATE: {"low": "small", "high": 0.1}}, "`low` of .* must be a number, got 'small'"),
        ({RATE: {"low": 0.1, "high": 1.0, "distribution": "log"}}, "unknown distribution 'log'"),
        ({RATE: {"low": 0.1, "high": 1.0, "hight": 2}}, "unknown 'hight'.*Did you mean 'high'"),
        ({"training.batch_size": [16, 16]}, "'training.batch_size': choices must be different"),
        ({RATE: {"low": 0.1, "high": 1.0, "when": {OPTIMIZER: "adam"}}}, "names 'training/optimizer', which is not"),
        ({OPTIMIZER: ["adam"], RATE: {"choices": [0.1], "when": {OPTIMIZER: "sgd"}}}, "'sgd' is not one of"),
        ({OPTIMIZER: ["adam"], RATE: {"choices": [0.1], "when": {OPTIMIZER: []}}}, "names no value of 'training/opt"),
        ({RATE: {"choices": [0.1, 0.2], "ordered": "no"}}, "`ordered` of .* must be true or false, got 'no'"),
        ({"training.batch_size": {"low": 0.2, "high": 0.8, "whole": True}}, "'training.batch_size': there is no whole"),
        ({"a": {"choices": [1], "when": {"b": 1}}, "b": {"choices": [1], "when": {"a": 1}}}, "in a circle"),
    ],
)
def test_a_bad_key_is_one_line_that_names_it(keys: dict[str, object], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected) as caught:
        decisions(keys)
    assert "\n" not in str(caught.value)
