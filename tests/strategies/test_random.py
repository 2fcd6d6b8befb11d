from typing import Any

import pytest

from nas_cli.schema import validate
from nas_cli.strategies.contract import Admissible
from nas_cli.strategies.random import RandomSearch, RandomSettings
from tests.spaces.configured import space, values
from tests.strategies.contract import Make, StrategyContract, anything, run


def make_random(seed: int = 0, admissible: Admissible = anything, **changes: Any) -> RandomSearch:
    settings = validate(RandomSettings, {**values("strategy", "random"), **changes})
    return RandomSearch(settings, space(), seed, admissible)


class TestRandomSearch(StrategyContract):
    @pytest.fixture
    def make(self) -> Make:
        return lambda **given: make_random(**{"generations": 3, "population": 4, **given})


def test_every_generation_is_a_batch() -> None:
    proposals, _ = run(make_random(generations=3, population=4))
    assert [p.generation for p in proposals] == [0] * 4 + [1] * 4 + [2] * 4


def test_the_batch_size_does_not_change_the_networks() -> None:
    one, other = run(make_random(generations=2, population=6)), run(make_random(generations=3, population=4))
    assert [p.architecture for p in one[0]] == [p.architecture for p in other[0]]


def test_description_holds_the_best_fitness() -> None:
    strategy = make_random(generations=2, population=5)
    _, outcomes = run(strategy)
    assert strategy.describe() == {"trials": 10, "best_fitness": max(o.fitness or 0 for o in outcomes)}
