"""Schedules equal their formulas at every round and step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_cli.prune.schedule import round_shares, share_at, step_shares
from tests.prune.prune_settings import prune

SCHEDULES = ("linear", "iterative", "cubic")


def test_rounds_by_hand() -> None:
    assert round_shares(prune(schedule="one_shot", sparsity=0.8)) == (0.8,)
    assert round_shares(prune(schedule="linear", rounds=4, sparsity=0.8)) == pytest.approx((0.2, 0.4, 0.6, 0.8))
    # Half of what is left each time.
    assert round_shares(prune(rounds=3, sparsity=0.875)) == pytest.approx((0.5, 0.75, 0.875))
    assert round_shares(prune(rounds=3, sparsity=None, rate=0.2)) == pytest.approx((0.2, 0.36, 0.488))
    # 0.8 − 0.8·(1/2)³ and 0.8
    assert round_shares(prune(schedule="cubic", rounds=2, sparsity=0.8)) == pytest.approx((0.7, 0.8))


def test_every_step_of_a_training() -> None:
    settings = prune(when="step", schedule="cubic", initial=0.5, sparsity=0.8, begin=0.1, end=0.5, update_every=10)
    found = step_shares(settings, 200)
    assert [step for step, _ in found] == [20, 30, 40, 50, 60, 70, 80, 90, 100]
    for step, share in found:
        assert share == pytest.approx(0.8 + (0.5 - 0.8) * (1 - (step - 20) / 80) ** 3)


def test_the_last_update_is_at_the_end() -> None:
    settings = prune(when="step", schedule="linear", sparsity=0.6, begin=0.0, end=0.5, update_every=40)
    steps, shares = zip(*step_shares(settings, 200), strict=True)
    assert steps == (0, 40, 80, 100)
    assert shares == pytest.approx((0, 0.24, 0.48, 0.6))


@pytest.mark.parametrize("schedule", SCHEDULES)
@given(st.floats(0, 0.5), st.floats(0.5, 0.99), st.integers(1, 20))
def test_shares_rise_to_exactly_the_target(schedule: str, initial: float, final: float, rounds: int) -> None:
    settings = prune(schedule=schedule, initial=initial, sparsity=final, rounds=rounds)
    shares = round_shares(settings)
    assert shares[-1] == final
    assert all(after >= before - 1e-12 for before, after in zip(shares, shares[1:], strict=False))
    assert share_at(settings, 0.0) == pytest.approx(initial)
    assert share_at(settings, 1.0) == pytest.approx(final)
