import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from nas_cli.errors import ConfigError
from nas_cli.spaces.decision import Categorical, Decision, Numeric
from nas_cli.spaces.decision_space import DecisionSpace
from nas_cli.strategies.bayesian.settings import BayesianSettings
from nas_cli.strategies.bayesian.strategy import Bayesian
from nas_cli.strategies.contract import Admissible, Outcome
from tests.spaces.configured import space as modular
from tests.strategies.contract import Make, StrategyContract, hashed
from tests.strategies.points import always, letters, line, mixed, searched, settings, spells


def bayesian(space: Any, seed: int = 0, admissible: Admissible = always, **changes: Any) -> Bayesian:
    return Bayesian(settings(BayesianSettings, "bayesian", **changes), space, seed, admissible)


class TestParzenEstimators(StrategyContract):
    @pytest.fixture
    def make(self) -> Make:
        return lambda seed=0, admissible=always: bayesian(
            mixed(), seed, admissible, generations=4, population=3, startup=4, attempts=200
        )


class TestGaussianProcess(StrategyContract):
    @pytest.fixture
    def make(self) -> Make:
        return lambda seed=0, admissible=always: bayesian(
            mixed(), seed, admissible, generations=3, population=3, startup=4, attempts=200, draws=20,
            surrogate="gaussian_process",
        )  # fmt: skip


both = pytest.mark.parametrize("surrogate", ["tpe", "gaussian_process"])


@both
def test_the_model_finds_the_word_that_random_search_does_not(surrogate: str) -> None:
    """One of 1024 words, in 60 trials."""
    sizes = {"generations": 30, "population": 2, "draws": 50}
    points, _ = searched(bayesian(letters(5), surrogate=surrogate, **sizes), spells)
    chance, _ = searched(bayesian(letters(5), surrogate=surrogate, explore=1.0, **sizes), spells)
    assert max(spells(*word) for word in points) == 5
    assert max(spells(*word) for word in chance) < 5


@both
def test_the_model_closes_in_on_the_best_number(surrogate: str) -> None:
    points, _ = searched(
        bayesian(line(), generations=30, population=1, surrogate=surrogate, draws=50), lambda x: -abs(x - 0.3)
    )
    assert min(abs(x - 0.3) for (x,) in points) < 0.02
    assert np.mean([abs(x - 0.3) for (x,) in points[15:]]) < np.mean([abs(x - 0.3) for (x,) in points[:10]])


@both
def test_conditional_decisions_are_searched_where_they_count(surrogate: str) -> None:
    space = DecisionSpace(
        [
            Decision("kind", Categorical(("plain", "tuned"))),
            Decision("rate", Numeric(0.001, 1.0, distribution="log_uniform"), when=("kind", ("tuned",))),
            Decision("width", Numeric(1, 64, whole=True)),
        ]
    )

    def fitness(*values: Any) -> float:
        return 1.0 if values[0] == "plain" else 2.0 - abs(np.log10(values[1]) + 2)

    points, proposals = searched(bayesian(space, generations=40, population=1, surrogate=surrogate, draws=50), fitness)
    assert max(fitness(*values) for values in points) > 1.9
    assert all(space.decode(p.origin["genotype"]) for p in proposals)
    assert {len(values) for values in points} == {2, 3}


@both
def test_a_batch_has_different_candidates_and_no_candidate_comes_again(surrogate: str) -> None:
    points, _ = searched(
        bayesian(letters(3, "abc"), generations=9, population=3, surrogate=surrogate, draws=20), spells
    )
    assert len(set(points)) == 27


@both
def test_an_exhausted_space_repeats_itself(surrogate: str) -> None:
    strategy = bayesian(letters(1, "ab"), generations=4, population=2, surrogate=surrogate, startup=2, draws=20)
    points, _ = searched(strategy, spells)
    assert len(points) == 8 and set(points) == {("a",), ("b",)}


@both
def test_the_size_of_a_batch_can_be_asked_for(surrogate: str) -> None:
    strategy = bayesian(mixed(), generations=3, population=4, surrogate=surrogate, startup=2, draws=20)
    strategy.tell([Outcome(p.trial, hashed(p.architecture)) for p in strategy.ask(5)])
    assert [p.trial for p in strategy.ask(3)] == [5, 6, 7]
    assert list(strategy.ask(2)) == list(strategy.ask(3))[:2]
    strategy.tell([Outcome(p.trial, None) for p in strategy.ask(100)])
    assert list(strategy.ask()) == []


@both
def test_random_candidates_follow_the_distribution_of_the_space(surrogate: str) -> None:
    space = DecisionSpace([Decision("x", Categorical(("often", "never"), weights=(1.0, 0.0)))])
    points, _ = searched(bayesian(space, generations=1, population=8, surrogate=surrogate), lambda x: 0.0)
    assert set(points) == {("often",)}


@both
def test_failed_trials_count_as_worse_than_any_fitness(surrogate: str) -> None:
    """Numbers above ½ fail; the others have a fitness far below 0."""
    strategy = bayesian(line(), generations=30, population=1, surrogate=surrogate, draws=50)
    points, _ = searched(strategy, lambda x: None if x > 0.5 else -100.0 - abs(x - 0.3))
    assert sum(x > 0.5 for (x,) in points[15:]) <= 3
    assert min(abs(x - 0.3) for (x,) in points) < 0.02


def test_the_model_of_the_largest_budget_with_enough_outcomes_proposes() -> None:
    strategy = bayesian(letters(), generations=10, population=4, startup=4)
    batch = strategy.ask()
    strategy.tell([Outcome(p.trial, 0.0, {"budget": 1.0}) for p in batch])
    assert strategy.describe()["model_budget"] == 1
    strategy.hear([Outcome(p.trial, 0.5, {"budget": 3.0}) for p in batch[:3]])
    assert strategy.describe()["model_budget"] == 1
    strategy.hear([Outcome(batch[3].trial, 0.5, {"budget": 3.0})])
    assert strategy.describe() == {"trials": 4, "best_fitness": 0.5, "model_budget": 3}


def test_a_space_without_decisions_is_refused() -> None:
    with pytest.raises(ConfigError, match="strategy bayesian searches spaces with a list of decisions"):
        bayesian(modular())


def test_every_choice_can_be_read_back() -> None:
    space = DecisionSpace(
        [
            Decision("mixed", Categorical((1, True, "1", 2.5))),
            Decision("flag", Categorical((False, True))),
            Decision("only", Categorical(("one",))),
            Decision("ordered", Categorical((8, 16, 32), ordered=True)),
            Decision("bell", Numeric(-1.0, 1.0, distribution="normal")),
            Decision("whole", Numeric(1, 100, whole=True, distribution="log_uniform")),
        ]
    )
    for surrogate in ("tpe", "gaussian_process"):
        strategy = bayesian(space, generations=8, population=3, surrogate=surrogate, startup=3, draws=20)
        points, _ = searched(strategy, lambda *values: float(values[-1]))
        for values in points:
            for decision, value in zip(space.decisions, values, strict=True):
                assert repr(decision.domain.read(value)) == repr(value)


def test_optuna_and_sklearn_are_imported_by_the_model_only() -> None:
    code = """
import sys, nas_cli.strategies.bayesian.strategy
print([name for name in ("optuna", "sklearn", "scipy") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    searched(bayesian(mixed(), generations=3, population=2, startup=2), lambda *values: 0.0)
    assert capfd.readouterr() == ("", "")
