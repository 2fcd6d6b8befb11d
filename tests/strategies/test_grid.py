from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_cli.errors import ConfigError
from nas_cli.spaces.decision import Categorical, Decision, Numeric
from nas_cli.spaces.decision_space import DecisionSpace
from nas_cli.strategies.contract import Admissible, Outcome
from nas_cli.strategies.grid import Grid, GridSettings, grid_order
from tests.spaces.configured import space as thesis_space
from tests.strategies.contract import Make, StrategyContract
from tests.strategies.points import always, letters, line, mixed, searched, settings


def make_grid(space: Any, seed: int = 0, admissible: Admissible = always, **changes: Any) -> Grid:
    return Grid(settings(GridSettings, "grid", **changes), space, seed, admissible)


class TestGrid(StrategyContract):
    @pytest.fixture
    def make(self) -> Make:
        return lambda **given: make_grid(
            mixed(), **{"generations": 3, "population": 4, "rounds": 2, "points": 4, **given}
        )


def flat(*values: Any) -> float:
    return 0.0


def two_numbers() -> DecisionSpace:
    rate = Numeric(0.001, 1.0, distribution="log_uniform")
    return DecisionSpace([Decision("rate", rate), Decision("width", Numeric(0.0, 4.0))])


def test_a_grid_that_fits_is_complete_and_the_last_decision_changes_fastest() -> None:
    points, _ = searched(make_grid(two_numbers(), generations=4, population=3, points=3), flat)
    rates, widths = (0.001, 0.001**0.5, 1.0), (0.0, 2.0, 4.0)
    assert points == [pytest.approx(pair) for pair in product(rates, widths)]


def test_the_batches_are_generations() -> None:
    _, proposals = searched(make_grid(letters(3), generations=100, population=10), flat)
    assert len(proposals) == 64
    assert [p.generation for p in proposals] == [i // 10 for i in range(64)]


def test_cover_leaves_out_the_ends_of_the_range() -> None:
    points, _ = searched(make_grid(line(low=0.0, high=10.0), points=3, cover=0.5), flat)
    assert points == [(2.5,), (5.0,), (7.5,)]


def test_normal_values_lie_at_equal_shares_of_probability() -> None:
    points, _ = searched(make_grid(line(low=-2.0, high=2.0, distribution="normal"), points=5), flat)
    # The quartiles of a normal distribution cut off at two standard deviations (here of 1).
    assert [x for (x,) in points] == [-2.0, pytest.approx(-0.6391, abs=1e-4), pytest.approx(0, abs=1e-9),
                                      pytest.approx(0.6391, abs=1e-4), 2.0]  # fmt: skip


def test_whole_numbers_appear_once() -> None:
    points, _ = searched(make_grid(line(low=1, high=3, whole=True), points=9), flat)
    assert points == [(1,), (2,), (3,)]


def test_decisions_that_do_not_count_do_not_multiply_the_grid() -> None:
    space = DecisionSpace(
        [Decision("kind", Categorical(("a", "b"))), Decision("only a", Categorical((1, 2, 3)), when=("kind", ("a",)))]
    )
    points, _ = searched(make_grid(space), flat)
    assert points == [("a", 1), ("a", 2), ("a", 3), ("b",)]


@given(st.lists(st.integers(1, 6), min_size=1, max_size=4), st.integers(1, 50), st.integers(0, 9))
def test_every_point_of_a_grid_comes_once(lengths: list[int], wanted: int, seed: int) -> None:
    order = list(grid_order(lengths, wanted, np.random.default_rng(seed)))
    assert sorted(order) == list(product(*map(range, lengths)))


@pytest.mark.parametrize("lengths", [[5] * 6, [10] * 4, [4, 5, 7, 6, 6], [3] * 20])
def test_a_part_of_a_grid_has_all_values_of_every_axis_equally_often(lengths: list[int]) -> None:
    order = grid_order(lengths, 60, np.random.default_rng(0))
    part = [next(order) for _ in range(60)]
    for axis, length in enumerate(lengths):
        counts = [sum(point[axis] == value for point in part) for value in range(length)]
        assert max(counts) - min(counts) <= 2, (axis, counts)


def test_the_seed_only_decides_which_part_of_a_large_grid_is_taken() -> None:
    whole = [searched(make_grid(letters(2), seed=seed, generations=2), flat)[0] for seed in (0, 1)]
    parts = [searched(make_grid(letters(4), seed=seed, generations=2), flat)[0] for seed in (0, 1)]
    assert whole[0] == whole[1] and len(whole[0]) == 16
    assert parts[0] != parts[1] and len(set(parts[0])) == 16


def test_refinement_halves_the_interval_around_the_best() -> None:
    strategy = make_grid(line(), generations=3, population=3, points=3, rounds=3)
    points, _ = searched(strategy, lambda x: -abs(x - 0.4))
    # 0, ½, 1; then ¼, ¾ around ½ (which is known); then ⅜ and ⅝.
    assert [x for (x,) in points] == [0.0, 0.5, 1.0, 0.25, 0.75, 0.375, 0.625]
    assert strategy.describe()["round"] == 2


def test_a_round_uses_what_those_before_left_over() -> None:
    strategy = make_grid(line(), generations=1, population=8, points=3, rounds=2)
    points, proposals = searched(strategy, lambda x: -abs(x - 0.4))
    assert len(points) == 5 and [p.trial for p in proposals] == [0, 1, 2, 3, 4]


def test_when_the_best_lies_on_an_edge_the_interval_moves_beyond_it() -> None:
    strategy = make_grid(line(), generations=4, population=3, points=3, cover=0.25, rounds=4)
    points, _ = searched(strategy, lambda x: x)
    # ⅜ to ⅝; ½ to ¾; ⅝ to ⅞; ¾ to 1: as wide as before as long as it moves.
    assert [x for (x,) in points] == [0.375, 0.5, 0.625, 0.75, 0.875, 1.0]


def test_the_edge_of_the_range_is_not_passed() -> None:
    points, _ = searched(make_grid(line(), generations=9, population=3, points=3, rounds=9), lambda x: x)
    assert max(points) == (1.0,) and (0.75,) in points and (0.875,) in points


def test_refinement_finds_an_optimum_outside_the_first_grid() -> None:
    space = DecisionSpace([Decision("x", Numeric(0.0, 1.0)), Decision("y", Numeric(0.0, 1.0))])
    strategy = make_grid(space, generations=10, population=9, points=3, cover=0.2, rounds=10)
    points, _ = searched(strategy, lambda x, y: -((x - 0.93) ** 2) - (y - 0.08) ** 2)
    assert min(abs(x - 0.93) + abs(y - 0.08) for x, y in points) < 0.05


def test_refinement_keeps_the_best_choice_and_the_ordered_ones_beside_the_best() -> None:
    space = DecisionSpace(
        [Decision("kind", Categorical(("a", "b"))), Decision("size", Categorical((1, 2, 3, 4, 5), ordered=True))]
    )
    strategy = make_grid(space, generations=2, population=10, rounds=2)
    searched(strategy, lambda kind, size: (kind == "b") - abs(size - 2))
    assert strategy.describe()["grid"] == {"kind": ["b"], "size": [1, 2, 3]}


def test_without_anything_to_refine_the_grid_goes_on() -> None:
    points, _ = searched(make_grid(letters(4), generations=4, population=10, rounds=4), flat)
    assert len(set(points)) == 40


def test_all_failed_rounds_go_on_without_a_best() -> None:
    points, _ = searched(make_grid(line(), points=3, rounds=2), lambda x: None)
    assert [x for (x,) in points] == [0.0, 0.5, 1.0]


def test_points_over_the_limits_are_left_out() -> None:
    strategy = make_grid(letters(2), generations=9, admissible=lambda c: '"a"' not in c.digest())
    points, _ = searched(strategy, flat)
    assert points == list(product("bcd", repeat=2))


def test_a_space_of_graphs_is_one_clear_error() -> None:
    with pytest.raises(ConfigError, match=r"strategy grid .*thesis_small"):
        make_grid(thesis_space())


def test_a_scheduler_gets_as_many_points_as_it_wants() -> None:
    strategy = make_grid(letters(3), generations=3, population=4)
    assert [len(strategy.ask(7)), len(strategy.ask())] == [7, 7]
    strategy.tell([Outcome(i, 0.0) for i in range(7)])
    assert len(strategy.ask(7)) == 5
