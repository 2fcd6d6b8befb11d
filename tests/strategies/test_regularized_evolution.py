from typing import Any

import pytest

from nas_cli.spaces.candidate import Candidate
from nas_cli.strategies.contract import Admissible, Outcome
from nas_cli.strategies.regularized_evolution import RegularizedEvolution, RegularizedEvolutionSettings
from tests.spaces.configured import space as thesis_space
from tests.strategies.contract import Make, StrategyContract
from tests.strategies.points import always, letters, mixed, point, searched, settings, spells


def make_evolution(space: Any, seed: int = 0, admissible: Admissible = always, **changes: Any) -> RegularizedEvolution:
    chosen = settings(RegularizedEvolutionSettings, "regularized_evolution", **changes)
    return RegularizedEvolution(chosen, space, seed, admissible)


class TestOnGraphs(StrategyContract):
    @pytest.fixture
    def make(self) -> Make:
        return lambda **given: make_evolution(thesis_space(), **{"generations": 3, "population": 4, **given})


class TestOnPoints(StrategyContract):
    @pytest.fixture
    def make(self) -> Make:
        return lambda **given: make_evolution(
            mixed(), **{"generations": 5, "population": 6, "batch": 4, "crossover": 0.5, **given}
        )


def distance(one: tuple[Any, ...], other: tuple[Any, ...]) -> int:
    return sum(a != b for a, b in zip(one, other, strict=True))


def test_the_first_population_is_random_and_told_together() -> None:
    strategy = make_evolution(letters(), generations=3, population=5)
    assert [p.trial for p in strategy.ask()] == [0, 1, 2, 3, 4]
    assert all(p.origin["parents"] == [] for p in strategy.ask())


def test_every_child_is_one_mutation_of_a_living_member() -> None:
    points, proposals = searched(make_evolution(letters(), generations=6, population=5), spells)
    for child in proposals[5:]:
        (parent,) = child.origin["parents"]
        assert child.trial - 5 <= parent < child.trial
        assert distance(points[parent], point(child)) == 1


def test_with_a_sample_of_the_whole_population_the_parent_is_its_best() -> None:
    points, proposals = searched(make_evolution(letters(8), generations=6, population=4, sample=200), spells)
    for child in proposals[4:]:
        alive = range(child.trial - 4, child.trial)
        assert spells(*points[child.origin["parents"][0]]) == max(spells(*points[i]) for i in alive)


def test_the_oldest_dies_even_when_it_is_the_best() -> None:
    strategy = make_evolution(letters(), generations=4, population=3, sample=50)
    strategy.tell([Outcome(0, 9.0), Outcome(1, 1.0), Outcome(2, 2.0)])
    (first,) = strategy.ask()
    assert first.origin["parents"] == [0]
    strategy.tell([Outcome(3, 0.5)])
    (second,) = strategy.ask()
    assert second.origin["parents"] == [2]
    assert strategy.describe() == {
        "trials": 4, "best_fitness": 9.0, "population": 3, "mean_fitness": 3.5 / 3, "oldest": 1
    }  # fmt: skip


def test_a_failed_member_is_chosen_only_among_failed_ones() -> None:
    strategy = make_evolution(letters(), generations=4, population=3, sample=50)
    strategy.tell([Outcome(0, None), Outcome(1, -5.0), Outcome(2, float("nan"))])
    assert strategy.ask()[0].origin["parents"] == [1]


def test_batches_have_the_size_asked_for_and_the_last_one_the_rest() -> None:
    strategy = make_evolution(letters(), generations=3, population=5, batch=4)
    sizes = []
    while batch := strategy.ask():
        sizes.append(len(batch))
        strategy.tell([Outcome(p.trial, 0.0) for p in batch])
    assert sizes == [5, 4, 4, 2]


def test_it_climbs_to_the_best_word() -> None:
    points, _ = searched(make_evolution(letters(6), generations=30, population=10), spells)
    assert ("a",) * 6 in points


def test_crossover_has_two_parents_the_fitter_first() -> None:
    strategy = make_evolution(letters(8), generations=9, population=5, crossover=1.0)
    points, proposals = searched(strategy, spells)
    pairs = [p.origin["parents"] for p in proposals[5:] if len(p.origin["parents"]) == 2]
    assert pairs and all(spells(*points[a]) >= spells(*points[b]) for a, b in pairs)


def test_where_no_mutation_is_admissible_a_random_sample_is() -> None:
    allowed = {("a", "a", "a", "a"), ("d", "d", "d", "d")}

    def far_apart(candidate: Candidate) -> bool:
        return tuple(candidate.to_json()["point"].values()) in allowed

    strategy = make_evolution(letters(), generations=2, population=2, attempts=3000, admissible=far_apart)
    points, proposals = searched(strategy, spells)
    assert len(points) == 4 and set(points) <= allowed
    assert proposals[-1].origin["parents"] == []


def test_a_scheduler_gets_as_many_children_as_it_wants_but_founders_first() -> None:
    strategy = make_evolution(letters(), generations=4, population=5)
    for wanted, given in ((3, 3), (9, 2), (9, 9), (None, 1)):
        batch = strategy.ask(wanted)
        assert len(batch) == given
        strategy.tell([Outcome(p.trial, 1.0) for p in batch])
