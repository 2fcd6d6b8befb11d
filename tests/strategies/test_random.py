import math
from typing import Any

import pytest

from nas_cli.errors import ConfigError
from nas_cli.schema import validate
from nas_cli.strategies.contract import Admissible
from nas_cli.strategies.random import RandomSearch, RandomSettings
from tests.spaces.configured import space, values
from tests.strategies.contract import Make, StrategyContract, anything, run
from tests.strategies.points import letters, line, mixed, searched, settings, spells


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


def make_rounds(space: Any, **changes: Any) -> RandomSearch:
    regions = {"rounds": changes.pop("rounds"), "shrink": changes.pop("shrink", 0.5)}
    return RandomSearch(settings(RandomSettings, "random", regions=regions, **changes), space, 0, anything)


class TestRounds(StrategyContract):
    @pytest.fixture
    def make(self) -> Make:
        def build(seed: int = 0, admissible: Admissible = anything) -> RandomSearch:
            chosen = settings(RandomSettings, "random", generations=3, regions={"rounds": 2, "shrink": 0.5})
            return RandomSearch(chosen, mixed(), seed, admissible)

        return build


def test_the_first_round_is_plain_random_search() -> None:
    plain, _ = searched(make_rounds(line(), rounds=1, generations=4, population=10), lambda x: x)
    several, _ = searched(make_rounds(line(), rounds=4, generations=4, population=10), lambda x: x)
    assert plain[:10] == several[:10]


def test_later_rounds_stay_in_intervals_around_the_best() -> None:
    points, _ = searched(make_rounds(line(), rounds=4, generations=4, population=20), lambda x: -abs(x - 0.7))
    values = [x for (x,) in points]
    for number, width in ((1, 0.5), (2, 0.25), (3, 0.125)):
        own = values[20 * number : 20 * (number + 1)]
        best = min(values[: 20 * number], key=lambda x: abs(x - 0.7))
        low = min(max(0.0, best - width / 2), 1.0 - width)
        assert all(low <= x <= low + width for x in own)
        assert max(own) - min(own) > width / 2


def test_regions_follow_the_distribution() -> None:
    space = line(low=1e-6, high=1.0, distribution="log_uniform")
    points, _ = searched(make_rounds(space, rounds=2, generations=2, population=50), lambda x: -abs(x - 1e-4))
    logs = [math.log10(x) for (x,) in points[50:]]
    assert max(logs) - min(logs) == pytest.approx(3.0, abs=0.4)


def test_unordered_choices_leave_the_best_one_with_the_width_as_probability() -> None:
    strategy = make_rounds(letters(1, "ab"), rounds=3, generations=3, population=400)
    points, _ = searched(strategy, spells)
    shares = [sum(p == ("a",) for p in points[400 * i : 400 * (i + 1)]) / 400 for i in range(3)]
    # Free; 1/2 + 1/2·1/2; 3/4 + 1/4·1/2.
    assert shares == [pytest.approx(share, abs=0.07) for share in (0.5, 0.75, 0.875)]


def test_a_round_without_scores_keeps_the_region() -> None:
    points, _ = searched(make_rounds(line(), rounds=2, generations=2, population=50), lambda x: None)
    assert max(points[50:]) > (0.9,) and min(points[50:]) < (0.1,)


def test_more_rounds_than_trials_are_rounds_of_one() -> None:
    points, _ = searched(make_rounds(line(), rounds=9, generations=1, population=3), lambda x: x)
    assert len(points) == 3


def test_regions_need_decisions() -> None:
    with pytest.raises(ConfigError, match=r"strategy\.regions.*thesis_small"):
        make_rounds(space(), rounds=2)


def test_a_scheduler_gets_as_many_as_it_wants_and_the_networks_stay_the_same() -> None:
    strategy = make_random(generations=3, population=4)
    batch = strategy.ask(10)
    assert len(batch) == 10 and list(strategy.ask()) == list(batch)
    assert [p.architecture for p in batch] == [p.architecture for p in run(make_random())[0][:10]]
