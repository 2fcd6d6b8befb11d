"""Learning curves: what they promise, and when a training is given up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_cli.estimators.extrapolation import Hopeless, upper_estimate


def accuracy(epoch: int) -> float:
    return 0.9 - 0.6 * epoch**-0.5


def test_the_estimate_of_a_clean_power_curve_is_a_little_above_its_future() -> None:
    curve = [accuracy(epoch) for epoch in range(1, 6)]
    assert accuracy(10) < upper_estimate(curve, 10) < accuracy(10) + 0.1


def test_a_flat_curve_promises_what_it_has() -> None:
    assert upper_estimate([0.1, 0.1, 0.1], 20) == 0.1


def test_a_falling_curve_promises_little_more_than_its_best() -> None:
    assert upper_estimate([0.5, 0.45, 0.4, 0.35], 8) < 0.6


def test_a_noisy_curve_leaves_more_hope_than_a_clean_one() -> None:
    clean = [accuracy(epoch) for epoch in range(1, 7)]
    noisy = [value + 0.05 * (-1) ** i for i, value in enumerate(clean)]
    assert upper_estimate(noisy, 8) > upper_estimate(clean, 8)


@given(st.lists(st.floats(-5, 1), min_size=3, max_size=12), st.integers(13, 40))
def test_never_below_the_best_so_far_and_always_a_number(curve: list[float], final: int) -> None:
    estimate = upper_estimate(curve, final)
    assert max(curve) <= estimate < np.inf
    assert estimate == upper_estimate(curve, final)


@given(st.floats(0.1, 10), st.floats(-3, 3))
def test_the_estimate_follows_the_scale_of_the_measure(scale: float, shift: float) -> None:
    """So that it means the same for an accuracy and for an error in any unit."""
    curve = np.array([accuracy(epoch) for epoch in range(1, 6)])
    moved = upper_estimate(list(scale * curve + shift), 9)
    assert moved == pytest.approx(scale * upper_estimate(list(curve), 9) + shift, rel=1e-6, abs=1e-6)


def asked(curve: list[float], bar: float, epochs: int) -> tuple[list[str | None], Hopeless]:
    rule = Hopeless(lambda epoch: epoch["valid_accuracy"], bar, epochs)
    return [rule({"valid_accuracy": value}) for value in curve], rule


def test_a_training_far_below_the_bar_is_given_up_after_three_epochs() -> None:
    answers, rule = asked([0.1, 0.1, 0.1], bar=0.6, epochs=8)
    assert answers == [None, None, "hopeless"]
    assert rule.verdict == {"epoch": 3, "upper": 0.1, "bar": 0.6}


def test_a_training_that_may_reach_the_bar_goes_on() -> None:
    answers, rule = asked([0.3, 0.45, 0.52, 0.56, 0.6], bar=0.62, epochs=6)
    assert answers == [None] * 5 and rule.verdict is None


def test_the_last_epoch_is_never_cut() -> None:
    assert asked([0.1, 0.1, 0.1], bar=0.6, epochs=3)[0] == [None] * 3
