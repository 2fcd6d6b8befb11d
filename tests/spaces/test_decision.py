import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_cli.errors import ConfigError
from nas_cli.spaces.decision import Categorical, Numeric


@given(
    low=st.floats(1, 50),
    span=st.floats(1, 200),
    distribution=st.sampled_from(["uniform", "log_uniform", "normal"]),
    step=st.floats(1e-4, 1.0),
    seed=st.integers(0, 1000),
)
def test_whole_numbers_stay_in_the_range_and_are_where_their_share_is(
    low: float, span: float, distribution: str, step: float, seed: int
) -> None:
    domain = Numeric(low, low + span, whole=True, distribution=distribution, step=step)
    numbers = range(math.ceil(low), math.floor(low + span) + 1)
    rng = np.random.default_rng(seed)
    value = int(domain.sample(rng))
    assert value in numbers
    assert domain.from_unit(domain.unit(value)) == value
    assert domain.size() == len(numbers)
    if len(numbers) > 1:
        changed = domain.mutate(value, rng)
        assert changed in numbers and changed != value
        near = domain.neighbours(value)
        assert set(near) <= set(numbers) - {value} and near


def test_a_step_smaller_than_a_whole_number_mutates_to_the_next_one() -> None:
    rng = np.random.default_rng(0)
    assert Numeric(1, 2, whole=True).mutate(1, rng) == 2
    assert {Numeric(0, 4, whole=True, step=1e-6).mutate(2, rng) for _ in range(30)} == {1, 3}


def test_the_place_of_a_whole_number_is_the_middle_of_its_share() -> None:
    assert [Numeric(1, 4, whole=True).unit(value) for value in (1, 2, 3, 4)] == [0.125, 0.375, 0.625, 0.875]


def test_a_range_without_a_whole_number_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"no whole number.*\[0.2, 0.8\]"):
        Numeric(0.2, 0.8, whole=True)


@pytest.mark.parametrize("weights", [(math.nan, 1.0), (math.inf, 1.0), (0.0, 0.0), (-1.0, 2.0), (1.0,)])
def test_weights_that_are_no_probabilities_are_refused(weights: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match="weights must be"):
        Categorical(("a", "b"), weights)
