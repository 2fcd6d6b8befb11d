"""Learning rates, by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_cli.errors import ConfigError
from nas_cli.training.schedules import learning_rates
from nas_cli.training.settings import ScheduleSettings


def schedule(name: str, **changes: object) -> ScheduleSettings:
    values = {"warmup": 0.0, "final_fraction": None, "factor": None, "milestones": None} | changes
    return ScheduleSettings(name=name, **values)  # type: ignore[arg-type]


def test_constant() -> None:
    assert learning_rates(schedule("constant"), 0.5, 10, 3, 2).tolist() == [0.5, 0.5]


def test_cosine_goes_from_the_rate_over_the_middle_to_the_final_fraction() -> None:
    rates = learning_rates(schedule("cosine", final_fraction=0.1), 1.0, 100, 0, 101)
    np.testing.assert_allclose(rates[[0, 50, 100]], [1.0, 0.55, 0.1], rtol=1e-6)


def test_step_multiplies_at_each_milestone() -> None:
    rates = learning_rates(schedule("step", factor=0.1, milestones=(0.5, 0.75)), 1.0, 8, 0, 8)
    np.testing.assert_allclose(rates, [1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01], rtol=1e-6)


def test_warmup_rises_linearly_and_never_is_zero() -> None:
    rates = learning_rates(schedule("constant", warmup=0.3), 1.0, 10, 0, 5)
    np.testing.assert_allclose(rates, [0.25, 0.5, 0.75, 1, 1])


@pytest.mark.parametrize("name", ["cosine", "step"])
def test_a_missing_value_is_named(name: str) -> None:
    with pytest.raises(ConfigError, match="schedule"):
        learning_rates(schedule(name), 1.0, 10, 0, 5)


@given(st.integers(1, 60), st.data())
def test_a_piece_is_a_piece_of_the_whole(total: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, total))
    count = data.draw(st.integers(0, total - first))
    settings = schedule("cosine", warmup=0.2, final_fraction=0.0)
    whole = learning_rates(settings, 0.1, total, 0, total)
    np.testing.assert_array_equal(learning_rates(settings, 0.1, total, first, count), whole[first : first + count])
