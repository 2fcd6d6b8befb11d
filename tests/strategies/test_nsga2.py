from typing import Any

import pytest

from nas_cli.errors import ConfigError, RunError
from nas_cli.strategies.contract import Admissible, Outcome
from nas_cli.strategies.nsga2 import NSGA2, NSGA2Settings
from nas_cli.strategies.pareto import front
from tests.spaces.configured import space as thesis_space
from tests.strategies.contract import Make, StrategyContract
from tests.strategies.points import always, letters, mixed, point, settings


def make_nsga2(space: Any, seed: int = 0, admissible: Admissible = always, **changes: Any) -> NSGA2:
    return NSGA2(settings(NSGA2Settings, "nsga2", **changes), space, seed, admissible)


class TestOnGraphs(StrategyContract):
    @pytest.fixture
    def make(self) -> Make:
        return lambda **given: make_nsga2(
            thesis_space(), **{"generations": 3, "population": 4, "objectives": ["fitness"], **given}
        )


class TestOnPoints(StrategyContract):
    @pytest.fixture
    def make(self) -> Make:
        return lambda **given: make_nsga2(
            mixed(), **{"generations": 5, "population": 6, "objectives": ["fitness"], **given}
        )


def outcome(trial: int, word: tuple[Any, ...]) -> Outcome:
    """Two aims that contradict each other: many 'a' count, and cost twice as much as many 'b'."""
    a, b = word.count("a"), word.count("b")
    return Outcome(trial, float(a), {"flops": 2.0 * a + len(word) - b})


def trade_off(strategy: NSGA2) -> list[Outcome]:
    told: list[Outcome] = []
    while batch := strategy.ask():
        told += (outcomes := [outcome(p.trial, point(p)) for p in batch])
        strategy.tell(outcomes)
    return told


def test_survivors_are_the_best_fronts_and_then_the_least_crowded() -> None:
    strategy = make_nsga2(letters(), population=5)
    scores = [(0.0, 8.0), (1.0, 5.0), (3.0, 2.0), (4.0, 0.0), (0.0, 0.0)]
    strategy.tell([Outcome(i, a, {"flops": -b}) for i, (a, b) in enumerate(scores)])
    strategy.ask()
    # (3.5, 1) joins the first front, which then has five points: all of the population.
    children = [(3.5, 1.0), (0.0, -1.0), (0.0, -2.0), (0.0, -3.0), (0.0, -4.0)]
    strategy.tell([Outcome(5 + i, a, {"flops": -b}) for i, (a, b) in enumerate(children)])
    assert {row["trial"] for row in strategy.describe()["front"]} == {0, 1, 2, 3, 5}


def test_the_most_crowded_point_of_a_front_goes_first() -> None:
    strategy = make_nsga2(letters(), population=4)
    strategy.tell([Outcome(i, a, {"flops": -b}) for i, (a, b) in enumerate([(0, 8), (1, 5), (3, 2), (4, 0)])])
    # Beside (3, 2): distance (3.1-1)/4 + (5-1.9)/8 for it, (4-3)/4 + (2-0)/8 for the new point, which is the smaller.
    strategy.tell([Outcome(4, 3.1, {"flops": -1.9})] + [Outcome(i, None) for i in (5, 6, 7)])
    assert [row["trial"] for row in strategy.describe()["front"]] == [0, 1, 2, 3]


def test_description_names_objectives_as_measured_and_the_hypervolume_above_the_reference() -> None:
    strategy = make_nsga2(letters(), population=3, reference=[0.0, 10.0])
    strategy.tell([Outcome(0, 1.0, {"flops": 4.0}), Outcome(1, 2.0, {"flops": 8.0}), Outcome(2, None)])
    assert strategy.describe() == {
        "trials": 3,
        "best_fitness": 2.0,
        "front": [{"trial": 0, "fitness": 1.0, "flops": 4.0}, {"trial": 1, "fitness": 2.0, "flops": 8.0}],
        "reference": [0.0, 10.0],
        "hypervolume": 1.0 * 6.0 + 1.0 * 2.0,
    }


def test_the_reference_is_by_default_the_worst_of_the_first_scores() -> None:
    strategy = make_nsga2(letters(), population=2)
    strategy.tell([Outcome(0, None), Outcome(1, None)])
    assert (strategy.describe()["reference"], strategy.describe()["hypervolume"]) == (None, None)
    strategy.tell([Outcome(2, 1.0, {"flops": 4.0}), Outcome(3, 2.0, {"flops": 8.0})])
    assert strategy.describe()["reference"] == [1.0, 8.0]


def test_it_finds_most_of_the_trade_off() -> None:
    strategy = make_nsga2(letters(6), generations=25, population=20)
    told = trade_off(strategy)
    scores = {(o.fitness or 0.0, -o.metrics["flops"]) for o in told}
    found = {one for one in scores if one in [list(scores)[i] for i in front(list(scores))]}
    # The whole front: k letters 'a', the rest 'b', costs 3k.
    assert {(float(k), -3.0 * k) for k in range(7)} <= found


def test_the_hypervolume_of_a_front_that_fits_never_falls() -> None:
    strategy = make_nsga2(letters(4), generations=15, population=20)
    volumes = []
    while batch := strategy.ask():
        strategy.tell([outcome(p.trial, point(p)) for p in batch])
        volumes.append(strategy.describe()["hypervolume"])
    assert volumes == sorted(volumes) and volumes[-1] > volumes[0]


def test_a_child_equal_to_its_parent_is_changed_however_rare_mutation_is() -> None:
    strategy = make_nsga2(letters(), generations=6, population=10, crossover=0.0, mutation=0.0)
    points: list[tuple[Any, ...]] = []
    while batch := strategy.ask():
        points += [point(p) for p in batch]
        for proposal in batch:
            for parent in proposal.origin["parents"]:
                assert sum(a != b for a, b in zip(points[parent], point(proposal), strict=True)) == 1
        strategy.tell([outcome(p.trial, point(p)) for p in batch])


def test_a_missing_objective_is_one_error_that_names_it() -> None:
    strategy = make_nsga2(letters(), population=2, objectives=["fitness", "-latency_ms"])
    with pytest.raises(RunError, match=r"trial 1 has no 'latency_ms'.*it has fitness, flops"):
        strategy.tell([Outcome(0, None), Outcome(1, 0.5, {"flops": 3.0})])


def test_a_missing_objective_is_found_in_the_first_trial_that_lacks_it() -> None:
    strategy = make_nsga2(letters(), population=2, objectives=["fitness", "-latency_ms"])
    strategy.examine(Outcome(0, None))
    with pytest.raises(RunError, match="trial 1 has no 'latency_ms'"):
        strategy.examine(Outcome(1, 0.5, {"flops": 3.0}))


def test_a_value_that_is_no_number_counts_as_failed() -> None:
    strategy = make_nsga2(letters(), population=2)
    strategy.tell([Outcome(0, 0.5, {"flops": float("nan")}), Outcome(1, 0.2, {"flops": 3.0})])
    assert [row["trial"] for row in strategy.describe()["front"]] == [1]


@pytest.mark.parametrize("objectives", [[], ["fitness", "fitness"], ["flops", "-flops"], ["-"]])
def test_objectives_that_make_no_sense_are_refused(objectives: list[str]) -> None:
    with pytest.raises(ConfigError, match=r"strategy\.objectives"):
        make_nsga2(letters(), objectives=objectives)


def test_a_reference_needs_a_value_per_objective() -> None:
    with pytest.raises(ConfigError, match=r"strategy\.reference"):
        make_nsga2(letters(), reference=[0.0])
