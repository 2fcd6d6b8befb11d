from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.shapes import shapes
from nas_cli.errors import ConfigError
from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.cell_genotype import DARTS_V2, CellGenotype, from_pairs
from nas_cli.spaces.cell_network import operation
from nas_cli.spaces.layer_blocks import Layers
from tests.spaces.configured import registered
from tests.spaces.contract import SpaceContract

SPACE = registered("cell", layers=3, channels=4)


class TestCell(SpaceContract):
    @pytest.fixture(params=[(28, 28, 1), (32, 32, 3), (5, 3, 1)])
    def space(self, request: pytest.FixtureRequest) -> Any:
        return registered("cell", request.param)


class TestTwoNodes(SpaceContract):
    @pytest.fixture
    def space(self) -> Any:
        return registered("cell", nodes=2, operations=("skip_connect", "sep_conv_3x3"))


def test_the_published_cells_have_their_published_size() -> None:
    """3.3 M in the paper; 3,349,342 trainable ones, and 528 M multiply-accumulates, in its authors' implementation."""
    published = registered("cell", (32, 32, 3), layers=20, channels=36)
    cost = architecture_cost(published.architecture(published.values(DARTS_V2)))
    assert cost.trainable_params == 3_349_342
    assert round(cost.macs / 1e6) == 528


def test_the_published_cells_are_genotypes() -> None:
    genotype = SPACE.values(DARTS_V2)
    encoded = SPACE.encode(genotype)
    assert (encoded["normal_3_sources"], encoded["normal_3_first"]) == ("0+1", "sep_conv_3x3")
    assert encoded["normal_5_sources"] == "0+2"
    assert (encoded["reduction_4_first"], encoded["reduction_4_second"]) == ("max_pool_3x3", "skip_connect")
    cells = SPACE.pairs(genotype)
    assert cells.normal[-2:] == (("skip_connect", 0), ("dil_conv_3x3", 2))
    assert set(cells.reduction[2:4]) == set(DARTS_V2.reduction[2:4])
    assert SPACE.values(cells) == genotype


def test_the_space_is_as_large_as_the_paper_says() -> None:
    one = (1 * 3 * 6 * 10) * 7.0 ** (2 * 4)
    assert SPACE.size() == pytest.approx(one**2) == pytest.approx(1.08e18, rel=0.01)


def _cost(name: str, stride: int) -> tuple[int, int]:
    """(trainable parameters, MACs) of one operation on a map of 6 × 6 × 4, without the outputs behind it."""
    body = Layers((6, 6, 4))
    body.classifier(operation(body, name, 0, 4, stride), 1)
    cost = architecture_cost(Architecture(tuple(body.nodes)))
    return cost.trainable_params - 5, cost.macs - 4


@pytest.mark.parametrize(
    ("name", "stride", "expected"),
    [
        ("skip_connect", 1, (0, 0)),
        ("skip_connect", 2, (4 * 2 * 2 + 8, 9 * 16)),
        ("max_pool_3x3", 2, (0, 0)),
        ("sep_conv_3x3", 1, (2 * (36 + 16 + 8), 36 * 2 * (36 + 16))),
        ("sep_conv_5x5", 2, (2 * (100 + 16 + 8), 9 * 2 * (100 + 16))),
        ("dil_conv_3x3", 1, (36 + 16 + 8, 36 * (36 + 16))),
        ("dil_conv_5x5", 2, (100 + 16 + 8, 9 * (100 + 16))),
    ],
)
def test_operations_counted_by_hand(name: str, stride: int, expected: tuple[int, int]) -> None:
    assert _cost(name, stride) == expected


def test_reductions_stand_at_a_third_and_two_thirds() -> None:
    for layers, depths in ((3, [1, 2]), (8, [2, 5])):
        space = registered("cell", (32, 32, 3), layers=layers, channels=4)
        architecture = space.architecture(space.values(DARTS_V2))
        known = shapes(architecture)
        cells = [known[at] for at, n in enumerate(architecture.nodes) if n.op == "merge" and len(n.inputs) == 4]
        for depth, shape in enumerate(cells):
            halved = sum(depth >= reduction for reduction in depths)
            assert shape == (32 // 2**halved, 32 // 2**halved, 4 * 4 * 2**halved)


@pytest.mark.parametrize(
    "edges",
    [
        (("sep_conv_3x3", 0), ("sep_conv_3x3", 0)),
        (("sep_conv_3x3", 0), ("sep_conv_3x3", 2)),
        (("sep_conv_3x3", 0),),
        (("conv_9x9", 0), ("sep_conv_3x3", 1)),
        (("sep_conv_3x3", 0), ("sep_conv_3x3", 1)) * 2,
    ],
)
def test_cells_outside_the_space_are_refused(edges: tuple[tuple[str, int], ...]) -> None:
    small = registered("cell", nodes=1)
    with pytest.raises(ConfigError):
        small.values(CellGenotype(edges, edges))


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_all_genotypes_are_darts_cells_and_change_as_said(seed: int) -> None:
    rng = np.random.default_rng(seed)
    genotype = SPACE.sample(rng)
    assert SPACE.decode(SPACE.encode(genotype)) == genotype
    cells = SPACE.pairs(genotype)
    assert from_pairs(cells) == genotype
    for edges in (cells.normal, cells.reduction):
        for at in range(0, 8, 2):
            first, second = edges[at][1], edges[at + 1][1]
            assert 0 <= first < second < 2 + at // 2
    near = list(SPACE.neighbours(genotype))
    assert len(set(near)) == len(near) == 2 * (2 + 5 + 9 + 4 * 2 * 6)
    changed = SPACE.mutate(genotype, rng)
    assert changed in near
    assert SPACE.architecture(changed).digest() != SPACE.architecture(genotype).digest()
    assert shapes(SPACE.architecture(changed))[-1] == (10,)


@pytest.mark.parametrize("operations", [(), ("skip_connect", "skip_connect")])
def test_operations_must_be_different_ones(operations: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match=r"space\.operations"):
        registered("cell", operations=operations)


def test_tables_of_numbers_are_refused() -> None:
    with pytest.raises(ConfigError, match="needs images"):
        registered("cell", (13,))
