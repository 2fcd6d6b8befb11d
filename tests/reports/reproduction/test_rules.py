"""Every rule of a verdict on both sides of its bar, with made-up numbers."""

import pytest

from nas_cli.reports.reproduction import rules
from nas_cli.reports.reproduction.row import DIRECTION, NOT, REPRODUCED, Row


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict"),
    [
        (1.6, 2.0, REPRODUCED), (2.4, 2.0, REPRODUCED), (1.59, 2.0, DIRECTION), (2.41, 2.0, DIRECTION),
        (1.0, 2.0, NOT), (0.9, 2.0, NOT), (0.5, 0.51, REPRODUCED), (0.9, 0.51, DIRECTION), (1.1, 0.51, NOT),
    ],
)  # fmt: skip
def test_a_ratio_is_held_to_twenty_percent_and_to_its_side_of_one(ours: float, theirs: float, verdict: str) -> None:
    assert rules.ratio(ours, theirs) == verdict


@pytest.mark.parametrize(
    ("ours", "share", "verdict"),
    [(5.0, 0.5, REPRODUCED), (4.9, 0.5, DIRECTION), (0.0, 0.5, NOT), (9.9, 1.0, DIRECTION), (10.0, 1.0, REPRODUCED)],
)
def test_a_gain_is_held_to_a_share_of_the_documents(ours: float, share: float, verdict: str) -> None:
    assert rules.gain(ours, 10.0, share) == verdict


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict"),
    [
        (3.6, 1.61, REPRODUCED), (3.7, 1.61, NOT), (-0.3, 1.61, REPRODUCED), (-0.5, 1.61, DIRECTION),
        (-0.6, -3.16, DIRECTION), (0.1, -3.16, NOT),
    ],
)  # fmt: skip
def test_a_loss_may_be_two_points_larger_or_any_smaller(ours: float, theirs: float, verdict: str) -> None:
    assert rules.points(ours, theirs) == verdict


def test_all_some_or_none_of_several_figures() -> None:
    assert rules.counted([True, True]) == REPRODUCED
    assert rules.counted([True, False]) == DIRECTION
    assert rules.counted([False]) == rules.counted([]) == NOT


def test_a_distance_and_a_ceiling() -> None:
    assert rules.within(93.88, 93.70, 0.2) == REPRODUCED
    assert rules.within(93.95, 93.70, 0.2) == NOT
    assert rules.no_better_than(REPRODUCED, DIRECTION) == DIRECTION
    assert rules.no_better_than(NOT, DIRECTION) == NOT


def test_a_row_with_an_empty_field_is_none() -> None:
    words = ["a"] * 11
    assert Row(*words).item == "a"
    with pytest.raises(ValueError, match="nothing in ours"):
        Row(*words[:3], " ", *words[4:])
