from typing import Any

import pytest

from nas_cli.errors import ConfigError
from nas_cli.strategies.contract import Admissible, Outcome
from nas_cli.strategies.reinforce.settings import ReinforceSettings
from nas_cli.strategies.reinforce.strategy import Reinforce
from tests.spaces.configured import space as thesis_space
from tests.strategies.contract import Make, StrategyContract
from tests.strategies.points import always, letters, mixed, searched, settings, spells


def make_reinforce(space: Any, seed: int = 0, admissible: Admissible = always, **changes: Any) -> Reinforce:
    return Reinforce(settings(ReinforceSettings, "reinforce", **{"attempts": 50, **changes}), space, seed, admissible)


class TestFactorised(StrategyContract):
    @pytest.fixture
    def make(self) -> Make:
        return lambda **given: make_reinforce(mixed(), **{"generations": 4, "population": 5, **given})


class TestRecurrent(StrategyContract):
    @pytest.fixture
    def make(self) -> Make:
        own = {"controller": "recurrent", "generations": 3, "population": 5, "batch": 4, "units": 4}
        return lambda **given: make_reinforce(mixed(), **{**own, **given})


def late(space: Any, fitness: Any, **changes: Any) -> float:
    """The mean fitness of the last 50 of 400 trials."""
    strategy = make_reinforce(space, generations=40, population=10, **changes)
    points, _ = searched(strategy, fitness)
    return sum(fitness(*word) for word in points[-50:]) / 50


def test_the_factorised_controller_learns_the_best_word() -> None:
    assert late(letters(4), spells, learning_rate=0.1) > 3.6


def same(first: str, second: str) -> float:
    """The second choice must repeat the first one: no independent choices can do better than half on both words."""
    return float(first == second)


def test_the_recurrent_controller_learns_what_depends_on_an_earlier_choice() -> None:
    own = {"learning_rate": 0.03, "batch": 10, "units": 8, "entropy": 0.05}
    strategy = make_reinforce(letters(2, "ab"), generations=60, population=10, controller="recurrent", **own)
    points, _ = searched(strategy, same)
    last = points[-200:]
    assert sum(same(*word) for word in last) > 180
    assert {word for word in last if same(*word)} == {("a", "a"), ("b", "b")}


def test_the_baseline_is_the_moving_average_from_the_first_fitness_on() -> None:
    strategy = make_reinforce(letters(), baseline=0.9)
    assert strategy.describe()["baseline"] is None
    for trial, fitness in enumerate((0.5, 1.0, None)):
        strategy.ask()
        strategy.tell([Outcome(trial, fitness)])
    # 0.5, 0.55, and a failed trial counts as the lowest so far: 0.9·0.55 + 0.1·0.5.
    assert strategy.describe()["baseline"] == pytest.approx(0.545)
    assert strategy.describe()["best_fitness"] == 1.0


def test_failed_trials_before_any_score_teach_nothing() -> None:
    strategy = make_reinforce(letters())
    strategy.tell([Outcome(0, None)])
    assert strategy.describe() == {"trials": 1, "best_fitness": None, "baseline": None}


def test_an_entropy_bonus_keeps_the_choices_open() -> None:
    strict = make_reinforce(letters(), generations=30, population=10, learning_rate=0.1)
    loose = make_reinforce(letters(), generations=30, population=10, learning_rate=0.1, entropy=5.0)
    few, many = (len(set(searched(strategy, spells)[0][-100:])) for strategy in (strict, loose))
    assert few < many / 3


def test_batches_have_the_size_asked_for() -> None:
    strategy = make_reinforce(letters(), generations=2, population=5, batch=4)
    sizes = []
    while batch := strategy.ask():
        sizes.append(len(batch))
        strategy.tell([Outcome(p.trial, 0.0) for p in batch])
    assert sizes == [4, 4, 2]


def test_where_the_controller_finds_nothing_within_the_limits_the_space_is_sampled() -> None:
    # The controller only knows the middles of two bins of the learning rate, none of which is in these limits.
    def narrow(candidate: Any) -> bool:
        return 0.2 < candidate["learning_rate"] < 0.5

    strategy = make_reinforce(mixed(), bins=2, attempts=300, admissible=narrow)
    points, _ = searched(strategy, lambda *values: 1.0)
    assert len(points) == 32


def test_a_space_of_graphs_is_one_clear_error() -> None:
    with pytest.raises(ConfigError, match=r"strategy reinforce .*thesis_small"):
        make_reinforce(thesis_space())
