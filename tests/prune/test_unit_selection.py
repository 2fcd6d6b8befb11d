"""Which channels stay, so that the smaller network costs what was asked for."""

from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.costs.keras_cost import model_cost
from nas_cli.costs.latency import Device
from nas_cli.data.dataset import Split
from nas_cli.errors import ConfigError
from nas_cli.prune.removal import missed
from nas_cli.prune.unit_saliency import unit_scores
from nas_cli.prune.unit_selection import First, UnitSelection, first_network, select_units, target_cost
from nas_cli.prune.units import removable_groups, widths
from nas_cli.surgery.channels import find_channels
from nas_cli.surgery.shrink import shrink
from tests.prune.prune_settings import prune
from tests.training.examples import _dataset as dataset

SLOW = Device("slow", 1e9, 1e9)


def network() -> Any:
    """A stem of 16 filters, a residual block with 8 inside, and a dense layer of 10 in front of the classes."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 3))
    stem = keras.layers.Conv2D(16, 3, padding="same", activation="relu", name="stem")(inputs)
    x = keras.layers.Conv2D(8, 3, padding="same", activation="relu", name="inner")(stem)
    x = keras.layers.Conv2D(16, 3, padding="same", name="back")(x)
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Add()([stem, x]))
    x = keras.layers.Dense(10, activation="relu", name="hidden")(x)
    return keras.Model(inputs, keras.layers.Dense(3, name="classes")(x))


MODEL = network()
CHANNELS = find_channels(MODEL)
SCORES = np.random.default_rng(0).random(CHANNELS.units)


def filters(**changes: Any) -> Any:
    return prune(**({"granularity": "filter"} | changes))


def test_which_groups_can_go() -> None:
    assert widths(removable_groups(CHANNELS, filters())) == {"stem": 16, "inner": 8}
    assert widths(removable_groups(CHANNELS, filters(granularity="neuron"))) == {"hidden": 10}
    assert widths(removable_groups(CHANNELS, filters(granularity="unit"))) == {"stem": 16, "inner": 8, "hidden": 10}
    # The stem's group goes with the layer at the end of the block, whose channels are added to it.
    assert widths(removable_groups(CHANNELS, filters(exclude=("back",)))) == {"inner": 8}
    assert widths(removable_groups(CHANNELS, filters(include=("back",)))) == {"stem": 16}
    with pytest.raises(ConfigError, match="prune.exclude names 'bak', which is no layer"):
        removable_groups(CHANNELS, filters(exclude=("bak",)))
    with pytest.raises(ConfigError, match="there is nothing to prune with prune.granularity=filter"):
        removable_groups(CHANNELS, filters(exclude=("stem", "inner")))


def test_uniform_spread_keeps_the_best_of_each_group() -> None:
    settings = filters(sparsity=0.25)
    found = select_units(CHANNELS, SCORES, settings, 0.25, first_network(CHANNELS, settings))
    assert {name: int(mask.sum()) for name, mask in found.keep.items()} == {"stem": 12, "inner": 6}
    assert (found.cost, found.limit, found.reached) == (18.0, 18.0, True)
    for name, mask in found.keep.items():
        scores = SCORES[CHANNELS.group(name).units]
        assert scores[mask].min() > scores[~mask].max()


def test_shares_are_of_the_first_network() -> None:
    settings = filters()
    first = first_network(CHANNELS, settings)
    one = select_units(CHANNELS, SCORES, settings, 0.25, first)
    smaller = find_channels(shrink(MODEL, one.keep))
    two = select_units(smaller, np.ones(smaller.units), settings, 0.5, first)
    assert {name: int(mask.sum()) for name, mask in two.keep.items()} == {"stem": 8, "inner": 4}


def test_global_spread_is_exact_and_leaves_every_layer_something() -> None:
    settings = filters(spread="global", normalise="none", min_channels=2)
    scores = SCORES.copy()
    scores[CHANNELS.group("inner").units] *= 1e-3
    found = select_units(CHANNELS, scores, settings, 0.5, first_network(CHANNELS, settings))
    assert {name: int(mask.sum()) for name, mask in found.keep.items()} == {"stem": 10, "inner": 2}


def test_sensitivity_gives_to_the_layers_that_suffer() -> None:
    settings = filters(spread="sensitivity")
    curves = {"stem": [(0.5, 0.5)], "inner": [(0.5, 0.0)]}
    found = select_units(CHANNELS, SCORES, settings, 4 / 24, first_network(CHANNELS, settings), None, curves)
    assert {name: int(mask.sum()) for name, mask in found.keep.items()} == {"stem": 16, "inner": 4}


@pytest.mark.parametrize("spread", ["uniform", "global"])
@pytest.mark.parametrize("target", ["flops", "params", "latency"])
def test_a_cost_is_reached_with_the_fewest_units(target: str, spread: str) -> None:
    settings = filters(target=target, sparsity=None, reduction=0.5, spread=spread, granularity="unit")
    first = first_network(CHANNELS, settings, SLOW)
    found = select_units(CHANNELS, SCORES, settings, 0.5, first, SLOW)
    assert found.reached
    assert found.limit == 0.5 * first.cost
    assert 0.4 * first.cost < found.cost <= 0.5 * first.cost
    made = model_cost(shrink(MODEL, found.keep))
    if target != "latency":
        assert found.cost == getattr(made, target)
        assert first.cost == getattr(model_cost(MODEL), target)


@pytest.mark.parametrize("seed", range(4))
def test_networks_with_the_same_limit_cost_the_same_but_for_a_unit(seed: int) -> None:
    settings = filters(
        criterion="random", target="flops", sparsity=None, reduction=0.5, spread="global", granularity="unit"
    )
    scores, first = np.random.default_rng(seed).random(CHANNELS.units), first_network(CHANNELS, settings)
    found = select_units(CHANNELS, scores, settings, 0.5, first)
    for name, mask in found.keep.items():
        for unit in np.flatnonzero(~mask):
            more = {**found.keep, name: mask | (np.arange(mask.size) == unit)}
            assert target_cost(CHANNELS, more, settings, found.keep, None) > found.limit >= found.cost


def test_widths_are_rounded_up() -> None:
    settings = filters(round_to=4, target="flops", sparsity=None, reduction=0.6)
    found = select_units(CHANNELS, SCORES, settings, 0.6, first_network(CHANNELS, settings))
    assert found.reached
    assert all(mask.sum() % 4 == 0 for mask in found.keep.values())


def test_rounded_widths_that_take_far_more_than_was_asked_are_said() -> None:
    first, limit = First({"stem": 16}, 100.0), 50.0
    half, quarter = (UnitSelection({}, cost, limit, True) for cost in (49.0, 25.0))
    settings = filters(round_to=4, target="flops", sparsity=None, reduction=0.5)
    assert missed(half, first, settings, 0.5, last=True) == []
    assert missed(quarter, first, settings, 0.5, last=False) == []
    assert missed(quarter, first, settings, 0.5, last=True) == [
        "widths in multiples of prune.round_to=4 take 75.0% of flops, 50.0% was to go: prune.round_to=1 comes nearer."
    ]


def test_a_cost_that_cannot_be_reached() -> None:
    settings = filters(min_channels=8, target="flops", sparsity=None, reduction=0.9)
    found = select_units(CHANNELS, SCORES, settings, 0.9, first_network(CHANNELS, settings))
    assert not found.reached
    assert {name: int(mask.sum()) for name, mask in found.keep.items()} == {"stem": 8, "inner": 8}


def test_every_criterion_scores_every_kind_of_layer() -> None:
    """Separable, depthwise, transposed and grouped convolutions, inside a nested model and out of it."""
    rng = np.random.default_rng(0)
    split = Split(rng.random((8, 8, 8, 3), np.float32), rng.integers(0, 3, 8))
    data = dataset("classification", 3, [split, split, split], 0.0, 1.0)
    inner = keras.Input((8, 8, 6))
    x = keras.layers.SeparableConv2D(8, 3, padding="same", depth_multiplier=2, name="separable")(inner)
    x = keras.layers.DepthwiseConv2D(3, padding="same", name="depthwise")(x)
    nested = keras.Model(inner, keras.layers.BatchNormalization(name="norm")(x), name="nested")
    inputs = keras.Input((8, 8, 3))
    x = nested(keras.layers.Conv2D(6, 1, activation="tanh", name="first")(inputs))
    x = keras.layers.Conv2DTranspose(6, 3, strides=2, activation="tanh", name="transposed")(x)
    x = keras.layers.Conv2D(8, 3, groups=2, activation="tanh", name="grouped")(x)
    x = keras.layers.Dense(5, activation="tanh", name="hidden")(keras.layers.GlobalAveragePooling2D()(x))
    model = keras.Model(inputs, keras.layers.Dense(3)(x))
    channels = find_channels(model)
    for criterion in ("magnitude", "taylor", "obd", "activation", "random"):
        settings = filters(
            criterion=criterion, granularity="unit", target="params", sparsity=None, reduction=0.3, spread="global"
        )
        groups = removable_groups(channels, settings)
        assert {group.name for group in groups} >= {"first", "nested/separable", "transposed", "hidden"}
        scores = unit_scores(model, channels, data, settings, 8, 0)
        assert all((np.isfinite(scores[group.units]) & (scores[group.units] > 0)).all() for group in groups)
        first = first_network(channels, settings)
        found = select_units(channels, scores, settings, 0.3, first)
        made = shrink(model, found.keep)
        assert found.reached
        assert found.cost == model_cost(made).params
        # A grouped convolution with one group left is an ordinary one, whose channels can go.
        left = set(widths(removable_groups(find_channels(made), settings)))
        assert left - {"grouped"} == set(first.widths) - {"grouped"}
