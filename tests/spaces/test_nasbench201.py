import csv
import gzip
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.shapes import shapes
from nas_cli.errors import ConfigError
from nas_cli.spaces.nasbench201 import EDGES, OPERATIONS, from_arch, to_arch
from tests.spaces.configured import registered
from tests.spaces.contract import SpaceContract

TABLE = Path(os.environ.get("NAS_DATA_DIR", "~/.cache/nas")).expanduser() / "nas-bench-201" / "nasbench201.csv.gz"
CELLS = st.tuples(*[st.sampled_from(OPERATIONS)] * len(EDGES))
RESNET = from_arch("|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|")
PUBLISHED = registered("nasbench201", (32, 32, 3))
SMALL = registered("nasbench201", (8, 8, 1), cells=1, channels=2)


class TestNASBench201(SpaceContract):
    @pytest.fixture(params=[(28, 28, 1), (32, 32, 3), (5, 3, 1)])
    def space(self, request: pytest.FixtureRequest) -> Any:
        return registered("nasbench201", request.param, cells=1)


def test_decisions_are_the_edges_in_the_order_of_the_string() -> None:
    names = [decision.name for decision in PUBLISHED.decisions]
    assert names == ["edge_0_1", "edge_0_2", "edge_1_2", "edge_0_3", "edge_1_3", "edge_2_3"]
    assert PUBLISHED.size() == 15_625
    values = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3", "none")
    text = "|none~0|+|skip_connect~0|nor_conv_1x1~1|+|nor_conv_3x3~0|avg_pool_3x3~1|none~2|"
    assert (to_arch(values), from_arch(text)) == (text, values)


@given(CELLS)
@settings(deadline=None)
def test_strings_are_read_as_they_are_written(cell: tuple[str, ...]) -> None:
    assert from_arch(to_arch(cell)) == cell


@pytest.mark.parametrize("text", ["", "|none~0|", to_arch(RESNET).replace("none", "nine"), to_arch(RESNET)[:-1] + "~"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="not a cell of NAS-Bench-201"):
        from_arch(text)


@pytest.mark.parametrize(
    ("arch", "params", "mega_macs"),
    [
        # Stem, two residual blocks, last batch norm and outputs alone; then with five times (9c² + 2c or c² + 2c) for
        # c = 16, 32, 64 of each convolution.
        ("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|", 73_306, 7.78304),
        ("|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|", 73_306 + 28_000, 7.78304 + 3.93216),
        (to_arch(RESNET), 73_306 + 3 * 243_040, 7.78304 + 3 * 35.38944),
        (to_arch(("nor_conv_3x3",) * 6), 73_306 + 6 * 243_040, 7.78304 + 6 * 35.38944),
    ],
)
def test_the_published_network_counted_by_hand(arch: str, params: int, mega_macs: float) -> None:
    cost = architecture_cost(PUBLISHED.architecture(from_arch(arch)))
    assert cost.trainable_params == params
    assert cost.macs == round(mega_macs * 1e6)


def _unread(cell: tuple[str, ...]) -> bool:
    """True if a convolution leads into a node that nothing reads."""
    read = {3}
    for target in (3, 2, 1):
        read |= {i for op, (i, j) in zip(cell, EDGES, strict=True) if j == target and j in read and op != "none"}
    return any("conv" in op and j not in read for op, (_, j) in zip(cell, EDGES, strict=True))


@pytest.mark.skipif(not TABLE.exists(), reason="the NAS-Bench-201 table is not here")
def test_macs_and_parameters_are_those_of_the_table() -> None:
    """Of cells whose convolutions are all read; 150 rows have a convolution more or less than their cell."""
    with gzip.open(TABLE, "rt", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if not _unread(from_arch(row["arch"]))]
    assert len(rows) == 15_625 - 2_290
    wrong = 0
    for row in rows[::200]:
        cost = architecture_cost(PUBLISHED.architecture(from_arch(row["arch"])))
        assert cost.macs == round(float(row["flops_m_computed"]) * 1e6)
        wrong += cost.trainable_params != round(float(row["params_m"]) * 1e6)
    assert wrong <= 3


def _ops(cell: tuple[str, ...]) -> list[str]:
    return [n.op for n in SMALL.architecture(cell).nodes]


def test_what_nothing_reads_is_left_out() -> None:
    nothing = _ops(("none",) * 6)
    assert nothing.count("zeros") == 3
    assert _ops(("nor_conv_3x3", "nor_conv_3x3", "nor_conv_3x3", "none", "none", "none")) == nothing
    only_skip = _ops(("none", "none", "none", "skip_connect", "none", "none"))
    assert len(only_skip) == len(nothing) - 3
    assert _ops(("nor_conv_3x3", "none", "none", "skip_connect", "none", "avg_pool_3x3")) == only_skip


def test_a_convolution_of_zeros_stays() -> None:
    ops = _ops(("none", "none", "none", "none", "none", "nor_conv_3x3"))
    assert ops.count("zeros") == 3
    assert ops.count("conv2d") == _ops(("none",) * 6).count("conv2d") + 3


def test_the_residual_cell_node_by_node() -> None:
    nodes = SMALL.architecture(RESNET).nodes
    ops = [n.op for n in nodes]
    assert ops[:3] == ["input", "conv2d", "batch_norm"]
    convolution = ["activation", "conv2d", "batch_norm"]
    assert ops[3:13] == convolution * 3 + ["merge"]
    assert nodes[12].inputs == (2, 11)
    assert ops[-4:] == ["batch_norm", "activation", "global_average_pool", "dense"]
    assert [shape[:2] for shape in shapes(SMALL.architecture(RESNET)) if len(shape) == 3][-1] == (2, 2)


@given(CELLS, st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_every_cell_makes_a_network_and_its_changes_too(cell: tuple[str, ...], seed: int) -> None:
    rng = np.random.default_rng(seed)
    assert SMALL.decode(SMALL.encode(cell)) == cell
    near = list(SMALL.neighbours(cell))
    assert len(set(near)) == len(near) == 24
    assert all(sum(a != b for a, b in zip(cell, other, strict=True)) == 1 for other in near)
    changed = SMALL.mutate(cell, rng)
    assert changed in near
    assert SMALL.architecture(cell).digest() == SMALL.architecture(tuple(cell)).digest()
    assert shapes(SMALL.architecture(changed))[-1] == (10,)


def test_tables_of_numbers_are_refused() -> None:
    with pytest.raises(ConfigError, match="needs images"):
        registered("nasbench201", (13,))
