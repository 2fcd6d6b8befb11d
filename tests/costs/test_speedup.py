"""The thesis' model of the speed-up, by hand."""

import pytest

from nas_cli.costs.speedup import pays_off, predicted_speedup


def test_five_epochs_behind_one_that_quarters_the_network() -> None:
    # (5 + 0) / (1 + 5/4) = 5 / 2.25
    assert predicted_speedup(5, 1, 4.0, 0.0) == pytest.approx(20 / 9)


def test_two_epochs_of_compression_shrink_twice() -> None:
    # (6 + 2) / (2 + 8/9) with a = 3, k = 2, d/c = 2
    assert predicted_speedup(6, 2, 3.0, 2.0) == pytest.approx(8 / (2 + 8 / 9))


def test_the_thesis_best_figure_needs_more_than_two_epochs() -> None:
    """2.31 at k = 1 and d/c = 0.05 is out of reach for n = 2 whatever the compression, and needs a of 4.3 at n = 5."""
    assert predicted_speedup(2, 1, 1e9, 0.05) < 2.31
    assert predicted_speedup(5, 1, 4.3, 0.05) == pytest.approx(2.31, abs=0.03)


def test_compression_that_changes_nothing_only_costs() -> None:
    assert not pays_off(8, 1, 1.0, 0.1)
    # 1/a < 1 - 1/8 turns at a = 8/7
    assert not pays_off(8, 1, 8 / 7 - 1e-6, 0.0)
    assert pays_off(8, 1, 8 / 7 + 1e-6, 0.0)
