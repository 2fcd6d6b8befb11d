"""The mean over seeds and its interval."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_cli.reports.intervals import mean_interval


def test_t_interval_by_hand() -> None:
    # Standard deviation 1, t(2, 97.5 %) = 4.3027 (textbook): half width 4.3027 / √3.
    found = mean_interval([1.0, 2.0, 3.0])
    assert (found.mean, found.count) == (2.0, 3)
    assert found.high - 2.0 == pytest.approx(2.4842, abs=1e-4)
    assert 2.0 - found.low == pytest.approx(2.4842, abs=1e-4)


def test_two_numbers_give_their_range_and_one_itself() -> None:
    two, one = mean_interval([1.0, 3.0]), mean_interval([7.0])
    assert (two.low, two.mean, two.high) == (1.0, 2.0, 3.0)
    assert (one.low, one.mean, one.high) == (7.0, 7.0, 7.0)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=12))
def test_the_mean_lies_inside(values: list[float]) -> None:
    found = mean_interval(values)
    assert found.low - 1e-6 <= found.mean <= found.high + 1e-6
