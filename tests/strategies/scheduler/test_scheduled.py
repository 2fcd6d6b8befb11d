import pytest

from nas_cli.strategies.contract import Outcome, Proposal, Strategy
from nas_cli.strategies.random import RandomSearch, RandomSettings
from nas_cli.strategies.scheduler.scheduled import Scheduled
from tests.strategies.contract import Make, StrategyContract
from tests.strategies.points import always, letters, mixed, point, settings, spells
from tests.strategies.scheduler.configured import batches, bayesian, hyperband, nsga2, successive_halving


class TestHyperbandOfAStrategyThatHears(StrategyContract):
    @pytest.fixture
    def make(self) -> Make:
        return lambda seed=0, admissible=always: Scheduled(
            hyperband(max_budget=9), bayesian(mixed(), batches(6, 3, startup=4), seed, admissible), seed
        )

    @pytest.mark.skip("a configuration that fails is not evaluated again: there are fewer trials")
    def test_failed_trials_do_not_stop_the_search(self) -> None: ...


class TestHalvingOfBatchesOfFixedSize(StrategyContract):
    @pytest.fixture
    def make(self) -> Make:
        return lambda seed=0, admissible=always: Scheduled(
            successive_halving(max_budget=4, eta=2),
            nsga2(mixed(), seed, admissible, generations=3, population=4, objectives=["fitness"]),
            seed,
        )

    @pytest.mark.skip("a configuration that fails is not evaluated again: there are fewer trials")
    def test_failed_trials_do_not_stop_the_search(self) -> None: ...


def run(strategy: Strategy, fitness: "dict[int, float | None] | None" = None) -> list[list[Proposal]]:
    """The batches of a search for words of 'a's; `fitness` replaces that of some trials."""
    known = fitness or {}
    asked = []
    while batch := strategy.ask():
        strategy.tell([Outcome(p.trial, known.get(p.trial, spells(*point(p)))) for p in batch])
        asked.append(list(batch))
    return asked


def halving(count: int, **changes: int) -> Scheduled:
    inner = bayesian(letters(), batches(count, startup=1000))
    return Scheduled(successive_halving(**{"max_budget": 9, **changes}), inner, 0)


def whole(count: int) -> Scheduled:
    """Nine configurations at once, by a strategy that does not hear."""
    inner = nsga2(letters(), generations=count, population=9, objectives=["fitness"])
    return Scheduled(successive_halving(max_budget=9), inner, 0)


def test_the_best_third_goes_on_with_three_times_the_budget() -> None:
    first, second, third = run(whole(1))
    assert [[p.budget for p in rung] for rung in (first, second, third)] == [[1] * 9, [3] * 3, [9]]
    best = sorted(first, key=lambda p: (-spells(*point(p)), p.trial))[:3]
    assert {p.continues for p in second} == {p.trial for p in best}
    assert all(p.architecture == first[p.continues or 0].architecture for p in second)
    assert third[0].continues in {p.trial for p in second}


def test_every_rung_is_a_generation_and_names_its_configuration() -> None:
    rungs = run(whole(2))
    assert [p.generation for rung in rungs for p in rung] == [at for at, rung in enumerate(rungs) for _ in rung]
    assert rungs[1][0].origin["configuration"] == rungs[0][rungs[1][0].continues or 0].origin["configuration"]


def test_parents_are_trials_of_the_run_at_their_largest_budget() -> None:
    rungs = run(whole(2))
    trials = {p.trial: p for rung in rungs for p in rung}
    last = {p.origin["configuration"]: p.trial for rung in rungs[:3] for p in rung}
    children = [p for p in rungs[3] if p.origin["parents"]]
    assert children
    for child in children:
        assert all(parent in last.values() for parent in child.origin["parents"])
        assert all(parent in trials for parent in child.origin["parents"])


def test_a_failed_configuration_goes_no_further() -> None:
    first, second, third = run(whole(1), {trial: None for trial in range(9) if trial not in (2, 5)})
    assert [p.continues for p in second] == [2, 5]
    assert len(third) == 1 and third[0].continues in {p.trial for p in second}


def test_a_bracket_in_which_all_failed_is_followed_by_the_next() -> None:
    rungs = run(whole(2), {trial: None for trial in range(9)})
    assert [(len(rung), rung[0].budget) for rung in rungs] == [(9, 1), (9, 1), (3, 3), (1, 9)]


def test_a_strategy_that_hears_fills_the_bracket_by_batches_of_its_own() -> None:
    rungs = run(halving(9))
    assert [(len(rung), rung[0].budget) for rung in rungs] == [(1, 1)] * 9 + [(3, 3), (1, 9)]


def test_random_configurations_fill_the_brackets() -> None:
    chosen = settings(RandomSettings, "random", generations=15, population=1)
    scheduler = hyperband(max_budget=9)
    rungs = run(Scheduled(scheduler, RandomSearch(chosen, letters(), 0, always), 0))
    assert [(len(rung), rung[0].budget) for rung in rungs] == [(9, 1), (3, 3), (1, 9), (3, 3), (1, 9), (3, 9)]
    assert sum(map(len, rungs)) == scheduler.planned(chosen)


def test_the_last_bracket_starts_with_what_is_left() -> None:
    assert [(len(rung), rung[0].budget) for rung in run(halving(11))][11:] == [(1, 1), (1, 1), (1, 9)]


@pytest.mark.parametrize("count", [1, 4, 9, 10, 15, 16, 17, 24, 25])
def test_as_many_trials_as_planned(count: int) -> None:
    chosen = batches(count, startup=1000)
    scheduler = hyperband(max_budget=9)
    inner = bayesian(letters(), chosen)
    assert sum(map(len, run(Scheduled(scheduler, inner, 0)))) == scheduler.planned(chosen, hears=True)


def test_the_description_holds_the_strategy_s_own() -> None:
    strategy = halving(9)
    strategy.tell([Outcome(p.trial, 0.5) for p in strategy.ask()])
    described = strategy.describe()
    assert described["best_fitness"] == 0.5
    assert described["scheduler"] == {"bracket": 0, "rung": 0, "budgets": [1, 3, 9], "trials": 1}
