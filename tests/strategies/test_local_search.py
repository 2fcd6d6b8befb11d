from typing import Any

import pytest

from nas_cli.strategies.contract import Admissible, Outcome
from nas_cli.strategies.local_search import LocalSearch, LocalSearchSettings
from tests.spaces.configured import space as thesis_space
from tests.strategies.contract import Make, StrategyContract
from tests.strategies.points import always, letters, mixed, point, searched, settings, spells


def make_climb(space: Any, seed: int = 0, admissible: Admissible = always, **changes: Any) -> LocalSearch:
    return LocalSearch(settings(LocalSearchSettings, "local_search", **changes), space, seed, admissible)


class TestOnGraphs(StrategyContract):
    @pytest.fixture
    def make(self) -> Make:
        return lambda **given: make_climb(thesis_space(), **{"generations": 3, "population": 4, "batch": 3, **given})


class TestOnPoints(StrategyContract):
    @pytest.fixture
    def make(self) -> Make:
        return lambda **given: make_climb(mixed(), **{"generations": 8, "population": 5, "starts": 2, **given})


def climbs(strategy: LocalSearch, fitness: Any) -> list[list[tuple[Any, ...]]]:
    """The points of each climb."""
    points, proposals = searched(strategy, fitness)
    found: list[list[tuple[Any, ...]]] = []
    for here, proposal in zip(points, proposals, strict=True):
        if not proposal.origin["parents"]:
            found.append([])
        found[-1].append(here)
    return found


def test_steepest_ascent_looks_at_all_neighbours_and_moves_to_the_best() -> None:
    strategy = make_climb(letters(), batch=None, generations=4, population=12)
    (start,) = strategy.ask()
    strategy.tell([Outcome(0, 0.0)])
    near = strategy.ask()
    expected = {tuple(other) for other in letters().neighbours(point(start))}
    assert {point(p) for p in near} == expected and len(near) == 12
    strategy.tell([Outcome(p.trial, float(p.trial == 7)) for p in near])
    assert {p.origin["parents"][0] for p in strategy.ask()} == {7}


def test_it_goes_on_through_the_neighbours_in_batches_until_one_is_better() -> None:
    strategy = make_climb(letters(), batch=5, generations=4, population=10)
    strategy.tell([Outcome(0, 1.0)])
    seen = []
    for size in (5, 5, 2):
        batch = strategy.ask()
        assert len(batch) == size and {p.origin["parents"][0] for p in batch} == {0}
        seen += [point(p) for p in batch]
        strategy.tell([Outcome(p.trial, 1.0) for p in batch])
    assert len(set(seen)) == 12
    (restart,) = strategy.ask()
    assert restart.origin["parents"] == []
    strategy.tell([Outcome(13, 0.2)])
    described = strategy.describe()
    assert (described["climbs"], described["moves"], described["here"], described["best_fitness"]) == (2, 0, 0.2, 1.0)


def test_the_climb_goes_on_from_the_best_start() -> None:
    strategy = make_climb(letters(), starts=3, generations=4, population=10)
    strategy.tell([Outcome(0, 1.0), Outcome(1, 3.0), Outcome(2, None)])
    assert {p.origin["parents"][0] for p in strategy.ask()} == {1}


def test_failed_starts_begin_another_climb() -> None:
    strategy = make_climb(letters(), generations=4, population=10)
    strategy.tell([Outcome(0, None)])
    (again,) = strategy.ask()
    assert (again.trial, again.origin["parents"]) == (1, [])


def test_a_climb_evaluates_nothing_twice() -> None:
    for climb in climbs(make_climb(letters(6), generations=40, population=10, batch=4), spells):
        assert len(set(climb)) == len(climb)


def test_every_climb_reaches_the_top_of_a_single_hill() -> None:
    finished = climbs(make_climb(letters(5), generations=40, population=10, batch=1), spells)[:-1]
    assert len(finished) >= 3
    assert all(("a",) * 5 in climb for climb in finished)


def test_neighbours_over_the_limits_are_left_out() -> None:
    strategy = make_climb(letters(), batch=None, generations=9, admissible=lambda c: "d" not in c.digest())
    points, _ = searched(strategy, spells)
    assert all("d" not in word for word in points)


def test_the_order_of_neighbours_is_random() -> None:
    orders = set()
    for seed in range(4):
        strategy = make_climb(letters(), batch=None, seed=seed)
        start = point(strategy.ask()[0])
        strategy.tell([Outcome(0, 0.0)])
        changed = [point(p) for p in strategy.ask()]
        orders.add(tuple(next(i for i in range(4) if word[i] != start[i]) for word in changed))
    assert len(orders) == 4
