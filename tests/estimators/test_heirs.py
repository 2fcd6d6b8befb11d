"""A child with its parent's weights answers as the parent does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.keras_cost import model_cost
from nas_cli.errors import ConfigError
from nas_cli.estimators.heirs import grown
from nas_cli.models.builder import build
from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.morphism import Morphism
from tests.spaces.configured import space
from tests.spaces.random_chains import chain, changes
from tests.surgery.random_weights import randomise


def check(parent: Architecture, count: int, seed: int) -> None:
    """After random changes: equal answers to 1e-4 of their size, and the counted costs are the built ones."""
    rng = np.random.default_rng(seed)
    child, made = changes(parent, count, rng)
    channels = parent.input_shape[-1]
    old, new = (build(one, [1 / 64] * channels, [-2.0] * channels) for one in (parent, child))
    randomise(old, rng)
    counted, built = architecture_cost(child), model_cost(new)
    assert (counted.params, counted.flops) == (built.params, built.flops)
    taken = grown(old, new, made, seed)
    assert taken == sum(bool(layer.weights) for layer in new.layers)
    x = rng.uniform(0, 255, (4, *parent.input_shape)).astype(np.float32)
    before, after = np.asarray(old(x)), np.asarray(new(x))
    assert np.abs(before).max() > 0
    np.testing.assert_allclose(after, before, rtol=0, atol=1e-4 * max(1.0, float(np.abs(before).max())))


@settings(max_examples=6)
@given(st.integers(0, 10**6))
def test_random_changes_of_random_chains_keep_the_answers(seed: int) -> None:
    check(chain(np.random.default_rng(seed)), 3, seed)


@pytest.mark.slow
@settings(max_examples=60)
@given(st.integers(0, 10**6))
def test_random_changes_of_random_chains_keep_the_answers_many_times(seed: int) -> None:
    check(chain(np.random.default_rng(seed)), 4, seed)


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow)])
def test_networks_of_the_thesis_space_keep_theirs(seed: int) -> None:
    small = space(shape=(12, 12, 1), classes=3)
    parent = small.architecture(small.sample(np.random.default_rng(seed)))
    assert isinstance(parent, Architecture)
    check(parent, 2, seed)


def test_changes_that_lead_elsewhere_are_refused() -> None:
    parent = chain(np.random.default_rng(0))
    child, made = changes(parent, 1, np.random.default_rng(0))
    old, new = build(parent), build(child)
    with pytest.raises(ConfigError, match="do not lead to this network"):
        grown(old, new, [], 0)
    with pytest.raises(ConfigError, match="node 99 of the parent"):
        grown(old, new, [Morphism("deepen", 99)], 0)
    assert grown(old, new, made, 0) > 0
