import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_cli.data.split import allocate, held_out, stratified
from nas_cli.errors import ConfigError, DataError


def test_shares_by_largest_remainder() -> None:
    # 10 of 6:3:1 are exact; 5 of 6:3:1 are 3, 1.5, 0.5: the smallest class keeps its one.
    assert allocate([60, 30, 10], 10) == [6, 3, 1]
    assert allocate([60, 30, 10], 5) == [3, 1, 1]
    assert allocate([1000, 1], 2) == [1, 1]


def test_a_part_held_out_leaves_some_of_every_class() -> None:
    """1.5, 2.25 and 71.25 of 75: the largest remainder is that of the class of two."""
    assert allocate([2, 3, 95], 75) == [2, 2, 71]
    assert allocate([2, 3, 95], 75, left=1) == [1, 2, 72]


@given(st.lists(st.integers(2, 50), min_size=1, max_size=12), st.data())
def test_shares_leave_what_they_shall(counts: list[int], data: st.DataObject) -> None:
    size = data.draw(st.integers(len(counts), sum(counts) - len(counts)))
    shares = allocate(counts, size, left=1)
    assert sum(shares) == size
    assert all(1 <= share < count for share, count in zip(shares, counts, strict=True))


@given(st.lists(st.integers(1, 50), min_size=1, max_size=12), st.data())
def test_shares_sum_up_and_fit(counts: list[int], data: st.DataObject) -> None:
    size = data.draw(st.integers(len(counts), sum(counts)))
    shares = allocate(counts, size)
    assert sum(shares) == size
    assert all(1 <= share <= count for share, count in zip(shares, counts, strict=True))


def test_larger_samples_contain_smaller_ones() -> None:
    labels = np.arange(100) % 5
    small, large = (stratified(np.arange(100), labels, size, np.random.default_rng(0)) for size in (20, 50))
    assert set(small.tolist()) < set(large.tolist())
    assert np.bincount(labels[small]).tolist() == [4] * 5


def test_sample_smaller_than_classes() -> None:
    with pytest.raises(ConfigError, match="4 examples cannot cover 5 classes"):
        stratified(np.arange(10), np.arange(10) % 5, 4, np.random.default_rng(0))


def test_something_is_left_on_both_sides() -> None:
    assert held_out(2, 0.01) == 1 and held_out(2, 0.99) == 1 and held_out(10, 0.2) == 2
    with pytest.raises(DataError):
        held_out(1, 0.5)
