"""Function-preserving changes of architectures, without a deep-learning library."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.shapes import shapes
from nas_cli.errors import ConfigError
from nas_cli.spaces.architecture import Architecture, node
from nas_cli.spaces.channel_ties import tied
from nas_cli.spaces.morphing import deepenable, morphed, skips, widenable
from nas_cli.spaces.morphism import Morphism
from tests.spaces.random_chains import chain, changes


def plain() -> Architecture:
    return Architecture(
        (
            node("input", shape=(8, 8, 1)),
            node("conv2d", (0,), filters=4, kernel=3, activation="relu"),
            node("max_pool", (1,), size=2),
            node("conv2d", (2,), filters=6, kernel=3, activation="relu"),
            node("flatten", (3,)),
            node("dense", (4,), units=3),
        )
    )


def residual(second: int = 4) -> Architecture:
    """Two convolutions that are added up, and a third on the sum."""
    return Architecture(
        (
            node("input", shape=(8, 8, 1)),
            node("conv2d", (0,), filters=4, kernel=3, activation="relu"),
            node("conv2d", (1,), filters=second, kernel=3, activation="relu"),
            node("merge", (1, 2), mode="sum"),
            node("conv2d", (3,), filters=5, kernel=3, activation="relu"),
            node("global_average_pool", (4,)),
            node("dense", (5,), units=3),
        )
    )


def test_a_wider_layer_changes_nothing_else() -> None:
    wide = morphed(plain(), Morphism("widen", 1, width=7))
    assert wide.nodes[1]["filters"] == 7
    assert wide.nodes[:1] + wide.nodes[2:] == plain().nodes[:1] + plain().nodes[2:]


def test_layers_that_are_added_up_become_wider_together() -> None:
    assert tied(residual(), 2) == {1, 2}
    assert widenable(residual()) == [1, 4]
    wide = morphed(residual(), Morphism("widen", 2, width=9))
    assert [wide.nodes[at]["filters"] for at in (1, 2, 4)] == [9, 9, 5]


def test_sums_of_unequal_widths_and_outputs_are_not_widened() -> None:
    assert widenable(residual(second=6)) == [4]
    assert 6 not in widenable(residual()) and tied(residual(), 6) is None


def test_a_further_layer_is_read_by_the_readers() -> None:
    deep = morphed(plain(), Morphism("deepen", 1))
    assert deep.nodes[2] == node("conv2d", (1,), filters=4, kernel=3, activation="relu")
    assert [n.inputs for n in deep.nodes] == [(), (0,), (1,), (2,), (3,), (4,), (5,)]
    assert deepenable(plain()) == [1, 3]


def test_behind_a_batch_norm_the_further_layer_has_one_too() -> None:
    nodes = (
        node("input", shape=(4,)),
        node("dense", (0,), units=5, use_bias=False),
        node("batch_norm", (1,)),
        node("activation", (2,), activation="relu"),
        node("dense", (3,), units=2),
    )
    deep = morphed(Architecture(nodes), Morphism("deepen", 3))
    assert [n.op for n in deep.nodes[4:]] == ["dense", "batch_norm", "activation", "dense"]
    assert deep.nodes[4] == node("dense", (3,), units=5, activation="linear", use_bias=False)


def test_a_skip_connection_joins_channels_once() -> None:
    joined = morphed(plain(), Morphism("skip", 3, source=1))
    assert joined.nodes[4] == node("merge", (3, 1), mode="concat")
    assert joined.nodes[5].inputs == (4,)
    assert shapes(joined)[4] == (4, 4, 10)
    assert skips(plain()) == [(1, 3)] and skips(joined) == []


def test_no_skip_connection_into_a_sum() -> None:
    assert all(at == 4 for _, at in skips(residual()))


@pytest.mark.parametrize(
    "morphism",
    [
        Morphism("widen", 1, width=4),
        Morphism("widen", 5, width=9),
        Morphism("widen", 2, width=9),
        Morphism("deepen", 2),
        Morphism("deepen", 9),
        Morphism("skip", 1, source=3),
        Morphism("shrink", 1),
    ],
)
def test_what_is_not_possible_is_refused(morphism: Morphism) -> None:
    with pytest.raises(ConfigError, match=f"{morphism.kind} is not possible at node {morphism.node}"):
        morphed(plain(), morphism)


@given(st.integers(0, 10**6))
def test_networks_only_grow_and_keep_their_ends(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before = chain(rng)
    after, made = changes(before, 3, rng)
    old, new = architecture_cost(before), architecture_cost(after)
    assert new.params > old.params
    assert after.input_shape == before.input_shape and shapes(after)[-1] == shapes(before)[-1]
    again = before
    for morphism in made:
        again = morphed(again, morphism)
    assert again == after
