import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_cli.errors import ConfigError
from nas_cli.strategies.pareto import crowding_distance, front, hypervolume, non_dominated_sort

Points = list[tuple[float, ...]]


def grids(objectives: int) -> st.SearchStrategy[Points]:
    """Whole numbers, so that equal values are common."""
    return st.lists(st.tuples(*[st.integers(0, 5).map(float)] * objectives), max_size=12)


def dominates(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return all(a >= b for a, b in zip(one, other, strict=True)) and one != other


def test_fronts_by_hand() -> None:
    points = [(1, 5), (3, 3), (5, 1), (2, 2), (1, 1), (3, 3)]
    assert non_dominated_sort(points) == [[0, 1, 2, 5], [3], [4]]
    assert front(points) == [0, 1, 2, 5]


def test_no_points() -> None:
    assert non_dominated_sort([]) == front([]) == crowding_distance([]).tolist() == []
    assert hypervolume([], (0.0, 0.0)) == 0.0


@given(st.one_of(grids(1), grids(2), grids(3)))
def test_fronts_are_those_of_the_definition(points: Points) -> None:
    fronts = non_dominated_sort(points)
    assert sorted(at for one in fronts for at in one) == list(range(len(points)))
    left = set(range(len(points)))
    for one in fronts:
        assert one == sorted(at for at in left if not any(dominates(points[o], points[at]) for o in left))
        left -= set(one)
    assert front(points) == (fronts[0] if fronts else [])


def test_crowding_by_hand() -> None:
    # Ranges 4 and 8. The second point: (3-0)/4 + (8-2)/8; the third: (4-1)/4 + (5-0)/8.
    distances = crowding_distance([(0, 8), (1, 5), (3, 2), (4, 0)])
    assert distances.tolist() == [math.inf, 1.5, 1.375, math.inf]


def test_an_objective_without_a_range_does_not_count() -> None:
    assert crowding_distance([(0, 7), (1, 7), (4, 7)]).tolist() == [math.inf, 1.0, math.inf]
    assert crowding_distance([(2, 7), (2, 7)]).tolist() == [0.0, 0.0]


def test_hypervolume_by_hand() -> None:
    assert hypervolume([(1, 3), (2, 2), (3, 1)], (0, 0)) == 6.0
    assert hypervolume([(1, 3), (2, 2), (3, 1)], (1, 1)) == 1.0
    assert hypervolume([(5.0,), (3.0,)], (1.0,)) == 4.0
    # Two boxes of 4·2·1 and 1·2·3 that share 1·2·1.
    assert hypervolume([(4, 2, 1), (1, 2, 3)], (0, 0, 0)) == 12.0


def test_points_at_or_below_the_reference_add_nothing() -> None:
    assert hypervolume([(5, 0), (-1, 9), (0, 0)], (0, 0)) == 0.0
    assert hypervolume([(5, 0), (1, 1)], (0, 0)) == 1.0


def test_a_reference_of_another_length_is_one_clear_error() -> None:
    with pytest.raises(ConfigError, match="2 values"):
        hypervolume([(1.0, 2.0)], (0.0,))


@given(st.one_of(grids(2), grids(3), grids(4)))
def test_hypervolume_is_the_number_of_unit_cells_below_some_point(points: Points) -> None:
    if not points:
        return
    corners = np.indices((5,) * len(points[0])).reshape(len(points[0]), -1).T + 1
    covered = np.zeros(len(corners), dtype=bool)
    for one in points:
        covered |= np.all(corners <= np.asarray(one), axis=1)
    assert hypervolume(points, (0.0,) * len(points[0])) == pytest.approx(covered.sum())


@given(grids(3))
def test_hypervolume_by_inclusion_and_exclusion(points: Points) -> None:
    chosen = points[:5]
    total = 0.0
    for size in range(1, len(chosen) + 1):
        for some in combinations(chosen, size):
            total -= (-1) ** size * float(np.prod(np.min(some, axis=0)))
    assert hypervolume(chosen, (0.0, 0.0, 0.0)) == pytest.approx(total)
