"""The drawing of an architecture: boxes, places, arrows."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.reports.blocks import blocks_of, layers_of
from nas_cli.reports.plots.layout import GAP_X, crossings, lay_out, longest_paths, spread
from nas_cli.spaces.architecture import Architecture, node
from tests.reports import journals

CHAIN = Architecture(
    (
        node("input", shape=(8, 8, 3)),
        node("conv2d", (0,), filters=4, kernel=3, stride=1, activation="relu", use_bias=True),
        node("max_pool", (1,), size=2),
        node("dropout", (2,), rate=0.25),
        node("flatten", (3,)),
        node("dense", (4,), units=10, activation="linear"),
    )
)


def test_a_layer_is_drawn_with_what_follows_it() -> None:
    blocks = blocks_of(CHAIN)
    assert [block.title for block in blocks] == ["input", "conv 3×3 · 4 filters", "dense · 10 units"]
    assert blocks[1].followers == "relu, max pool 2×2, dropout 0.25, flatten"
    assert [block.inputs for block in blocks] == [(), (0,), (1,)]
    # 8·8 places × 3·3·3 inputs × 4 filters, and 4·4·4 inputs × 10 units.
    assert [block.macs for block in blocks] == [0, 6912, 640]
    assert blocks[1].shape == (64,)


def test_a_layer_with_two_readers_keeps_its_followers_apart() -> None:
    nodes = (
        node("input", shape=(8, 8, 3)),
        node("conv2d", (0,), filters=4, kernel=1, stride=2, activation="linear", use_bias=True),
        node("max_pool", (1,), size=2),
        node("merge", (1, 2), mode="concat"),
        node("merge", (3,), mode="sum"),
        node("global_average_pool", (4,)),
        node("dense", (5,), units=2, activation="linear"),
    )
    blocks = blocks_of(Architecture(nodes))
    assert [block.kind for block in blocks] == ["input", "conv2d", "max_pool", "merge", "dense"]
    assert blocks[1].title == "conv 1×1 · 4 filters, stride 2"
    assert blocks[3].inputs == (1, 2)
    assert blocks[3].followers == "global average pool"


def test_an_unknown_operation_is_drawn_without_shapes() -> None:
    nodes = (node("input", shape=(4,)), node("mystery", (0,), depth=3), node("dense", (1,), units=2, activation="relu"))
    blocks = blocks_of(Architecture(nodes))
    assert blocks[1].title == "mystery depth 3"
    assert blocks[1].shape is None


@given(st.integers(0, 10_000))
def test_every_multiply_accumulate_is_in_a_box(seed: int) -> None:
    network = journals.architecture(np.random.default_rng(seed))
    cost = architecture_cost(network)
    assert sum(block.macs for block in blocks_of(network)) == cost.macs
    assert sum(layer.params for layer in layers_of(network)) == cost.params


@st.composite
def graphs(draw: st.DrawFn) -> list[tuple[int, ...]]:
    count = draw(st.integers(1, 40))
    return [()] + [tuple(draw(st.sets(st.integers(0, i - 1), min_size=1, max_size=3))) for i in range(1, count)]


@given(graphs())
def test_boxes_do_not_overlap_and_arrows_point_down(inputs: list[tuple[int, ...]]) -> None:
    sizes = [(2.0, 0.4 + 0.1 * (i % 3)) for i in range(len(inputs))]
    layout = lay_out(inputs, sizes)
    for (i, (x, y)), (j, (u, v)) in combinations(enumerate(layout.centres), 2):
        apart_x = abs(x - u) >= (sizes[i][0] + sizes[j][0]) / 2 - 1e-9
        apart_y = abs(y - v) >= (sizes[i][1] + sizes[j][1]) / 2 - 1e-9
        assert apart_x or apart_y
    for (source, target), path in layout.edges.items():
        assert source in inputs[target]
        heights = [point[1] for point in path]
        assert heights == sorted(heights)
    for (x, y), (width, height) in zip(layout.centres, sizes, strict=True):
        assert width / 2 - 1e-9 <= x <= layout.width - width / 2 + 1e-9
        assert height / 2 - 1e-9 <= y <= layout.height - height / 2 + 1e-9


def test_a_chain_is_a_straight_column() -> None:
    layout = lay_out([(), (0,), (1,)], [(2.0, 0.5)] * 3)
    assert {round(x, 6) for x, _ in layout.centres} == {1.0}


def test_layers_are_longest_paths() -> None:
    assert longest_paths([(), (0,), (1,), (0, 2)]) == [0, 1, 2, 3]


def test_crossings_by_hand() -> None:
    assert crossings([[0, 1], [2, 3]], {2: [1], 3: [0]}) == 1
    assert crossings([[0, 1], [3, 2]], {2: [1], 3: [0]}) == 0


def test_spread_moves_boxes_as_little_as_it_must() -> None:
    assert spread([0.0, 10.0], [2.0, 2.0]) == [0.0, 10.0]
    assert spread([5.0, 5.0], [2.0, 2.0]) == pytest.approx([5 - (2 + GAP_X) / 2, 5 + (2 + GAP_X) / 2])
