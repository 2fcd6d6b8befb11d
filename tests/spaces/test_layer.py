import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_cli.errors import ConfigError
from nas_cli.spaces.layer import (
    Layer,
    congruence,
    layer_from_json,
    layer_neighbours,
    mix_layers,
    mutate_layer,
    sample_layer,
)
from nas_cli.spaces.modular_settings import ModularSpaceSettings
from tests.spaces.configured import settings

SMALL, LARGE = settings("thesis_small"), settings("thesis_large")


@pytest.mark.parametrize("space", [SMALL, LARGE])
def test_sampled_and_mutated_layers_stay_in_the_thesis_ranges(space: ModularSpaceSettings) -> None:
    rng = np.random.default_rng(0)
    layer = sample_layer(space, rng)
    for _ in range(500):
        changed = mutate_layer(layer, space, rng)
        assert changed != layer
        assert space.filters[0] <= changed.filters <= space.filters[1]
        assert changed.kernel in space.kernels
        assert 0 <= changed.rate <= 0.5 and (changed.after == "dropout" or changed.rate == 0)
        layer = changed if rng.random() < 0.7 else sample_layer(space, rng)


def test_the_ranges_are_those_of_the_thesis() -> None:
    assert (SMALL.filters, SMALL.kernels, SMALL.dense_units, SMALL.dense_layers) == ((16, 68), (1, 3, 5), (32, 256), 1)
    assert (LARGE.filters, LARGE.dense_units, LARGE.dense_layers) == ((16, 128), (32, 128), 2)
    assert LARGE.kernels == (2, 4, 7, 9, 11, 13)
    assert SMALL.dropout == LARGE.dropout == (0.0, 0.5)


def test_sampling_reaches_every_value() -> None:
    rng = np.random.default_rng(0)
    drawn = [sample_layer(SMALL, rng) for _ in range(3000)]
    assert {layer.filters for layer in drawn} == set(range(16, 69))
    assert {layer.kernel for layer in drawn} == {1, 3, 5}
    assert {layer.after for layer in drawn} == {"none", "max_pool", "dropout"}


def test_congruence_by_hand() -> None:
    assert congruence(Layer(20, 3, "none"), Layer(40, 3, "none")) == pytest.approx((0.5 + 1 + 1) / 3)
    assert congruence(Layer(20, 1, "none"), Layer(20, 5, "max_pool")) == pytest.approx((1 + 0.2 + 0) / 3)
    one, two = Layer(32, 3, "dropout", 0.1), Layer(32, 3, "dropout", 0.4)
    assert congruence(one, two) == pytest.approx((1 + 1 + 1 + 0.25) / 4)
    assert congruence(Layer(32, 3, "dropout", 0.0), Layer(32, 3, "dropout", 0.0)) == 1


def test_equal_flags_count_as_congruent_and_different_ones_do_not() -> None:
    same = congruence(Layer(32, 3, "max_pool"), Layer(32, 3, "max_pool"))
    different = congruence(Layer(32, 3, "max_pool"), Layer(32, 3, "none"))
    assert same == 1 > different


layers = st.builds(
    lambda seed: sample_layer(SMALL, np.random.default_rng(seed)),
    st.integers(0, 10_000),
)


@given(layers, layers)
def test_congruence_is_symmetric_and_one_only_for_equal_layers(one: Layer, two: Layer) -> None:
    assert congruence(one, two) == congruence(two, one)
    assert 0 <= congruence(one, two) <= 1
    assert (congruence(one, two) == 1) == (one == two)


@given(layers, layers, st.integers(0, 100))
def test_mixed_layers_take_each_field_from_a_parent(one: Layer, two: Layer, seed: int) -> None:
    child = mix_layers(one, two, np.random.default_rng(seed))
    assert child.filters in (one.filters, two.filters)
    assert child.kernel in (one.kernel, two.kernel)
    assert (child.after, child.rate) in ((one.after, one.rate), (two.after, two.rate))


def test_crossover_of_single_layers_makes_new_ones() -> None:
    one, two = Layer(16, 1, "none"), Layer(64, 5, "max_pool")
    children = {mix_layers(one, two, np.random.default_rng(seed)) for seed in range(60)}
    assert len(children) == 8


def test_neighbours_differ_in_one_field() -> None:
    layer = Layer(32, 3, "dropout", 0.2)
    for other in layer_neighbours(layer, SMALL):
        assert (other.filters != 32) + (other.kernel != 3) + ((other.after, other.rate) != ("dropout", 0.2)) == 1


def test_compressed_widths_survive_json_and_wrong_values_do_not() -> None:
    narrow = Layer(3, 3, "none")
    assert layer_from_json(narrow.to_json()) == narrow
    for wrong in ([0, 3, "none", 0], [3, 0, "none", 0], [3, 3, "pool", 0], [3, 3, "dropout", 1.0], [3], None):
        with pytest.raises(ConfigError):
            layer_from_json(wrong)


def test_a_compressed_layer_does_not_jump_back_into_the_range() -> None:
    """Strategy A leaves layers narrower than the space's narrowest; their next width is a step from their own."""
    narrow = Layer(3, 3, "none")
    changed = [mutate_layer(narrow, SMALL, np.random.default_rng(seed)) for seed in range(60)]
    widths = {layer.filters for layer in changed} - {narrow.filters}
    assert widths and min(widths) < SMALL.filters[0]
