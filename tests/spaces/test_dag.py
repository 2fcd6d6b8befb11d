from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.shapes import shapes
from nas_cli.errors import ConfigError
from nas_cli.spaces.dag import DagSpace
from nas_cli.spaces.dag_network import VECTOR_OPERATIONS
from tests.spaces.configured import registered
from tests.spaces.contract import SpaceContract


class TestDag(SpaceContract):
    @pytest.fixture(params=[(13,), (28, 28, 1), (5, 3, 1)])
    def space(self, request: pytest.FixtureRequest) -> Any:
        return registered("dag", request.param)


def dag(shape: tuple[int, ...] = (3,), **changes: Any) -> DagSpace:
    values = {"vertices": 4, "width": 2, "vector_operations": VECTOR_OPERATIONS, **changes}
    space: DagSpace = registered("dag", shape, 1, **values)
    return space


def genotype(space: DagSpace, edges: Mapping[tuple[int, int], str]) -> tuple[str, ...]:
    return tuple(edges.get(edge, "none") for edge in space.edges)


def ops(space: DagSpace, edges: Mapping[tuple[int, int], str]) -> list[str]:
    return [n.op for n in space.architecture(genotype(space, edges)).nodes]


def test_decisions_are_the_edges_by_target() -> None:
    names = [decision.name for decision in dag().decisions]
    assert names == ["edge_0_1", "edge_0_2", "edge_1_2", "edge_0_3", "edge_1_3", "edge_2_3"]
    assert dag().size() == 9.0**6


def test_a_network_counted_by_hand() -> None:
    """Stem 3·2 + 2, one dense edge 2·2 + 2, outputs 2 + 1; the activation and the sum have no weights."""
    space = dag()
    chosen = genotype(space, {(0, 1): "dense_tanh", (1, 3): "sigmoid", (0, 3): "identity"})
    network = space.network(chosen)
    cost = architecture_cost(network.architecture)
    assert cost.trainable_params == 8 + 6 + 3
    assert cost.macs == 6 + 4 + 2
    assert network.layers == {"stem": (1,), "edge_0_3": (), "edge_0_1": (2,), "edge_1_3": (), "head": (5,)}


def test_what_nothing_reads_is_left_out() -> None:
    constant = ["input", "dense", "zeros", "dense"]
    space = dag()
    assert ops(space, {}) == constant
    assert ops(space, {(0, 1): "dense", (0, 2): "dense_relu"}) == constant
    assert ops(space, {(1, 2): "relu", (2, 3): "tanh"}) == constant
    assert ops(space, {(0, 3): "identity", (1, 3): "relu"}) == ["input", "dense", "dense"]


def test_functions_of_zeros_that_are_not_zero_stay() -> None:
    assert ops(dag(), {(1, 3): "dense"}) == ["input", "dense", "zeros", "dense", "dense"]
    assert ops(dag(), {(1, 3): "sigmoid"}) == ["input", "dense", "zeros", "activation", "dense"]


def test_one_activation_for_all_its_readers() -> None:
    found = ops(dag(), {(0, 1): "tanh", (0, 3): "tanh", (1, 3): "identity"})
    assert found == ["input", "dense", "activation", "merge", "dense"]


def test_maps_are_halved_on_the_way() -> None:
    space = dag((9, 8, 3), halvings=2)
    assert [space.graph.level(vertex) for vertex in range(4)] == [0, 0, 1, 2]
    chosen = genotype(space, {(0, 1): "identity", (1, 2): "conv_3x3", (2, 3): "max_pool_3x3", (0, 3): "separable_3x3"})
    known = shapes(space.architecture(chosen))
    assert [shape for shape in known if len(shape) == 3][-1] == (3, 2, 2)
    assert shapes(space.architecture(genotype(space, {})))[-1] == (1,)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_levels_of_summed_maps_agree(seed: int) -> None:
    space = dag((7, 5, 1), vertices=5, halvings=3)
    architecture = space.architecture(space.sample(np.random.default_rng(seed)))
    known = shapes(architecture)
    for n in architecture.nodes:
        assert len({known[source] for source in n.inputs}) <= 1


def test_without_a_stem_the_input_is_the_first_vertex() -> None:
    space = dag((2,), stem="none")
    assert ops(space, {(0, 3): "tanh"}) == ["input", "activation", "dense"]
    with pytest.raises(ConfigError, match=r"Use space.width=3 or space.stem=learned"):
        dag((3,), stem="none")


def test_other_inputs_and_operations_are_refused() -> None:
    with pytest.raises(ConfigError, match="needs images"):
        registered("dag", (4, 4))
    with pytest.raises(ConfigError, match="at least two"):
        registered("dag", (4,), vector_operations=("dense",))
