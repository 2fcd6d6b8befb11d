from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.errors import ConfigError
from nas_cli.oneshot.cell_supernet import CellSupernet
from nas_cli.oneshot.dag_supernet import DagSupernet
from nas_cli.oneshot.expected_cost import ExpectedCost
from nas_cli.oneshot.flop_table import flop_table
from nas_cli.oneshot.nasbench201_supernet import NASBench201Supernet
from tests.spaces.configured import registered

IMAGES = (9, 6, 3)
SUPERNETS: dict[str, tuple[Any, Any]] = {
    "cell": (CellSupernet, registered("cell", IMAGES, 3, nodes=2, layers=4, channels=4)),
    "nasbench201": (NASBench201Supernet, registered("nasbench201", IMAGES, 3, channels=4, cells=2)),
    "dag": (DagSupernet, registered("dag", IMAGES, 3, vertices=4, width=4, halvings=2)),
    "dag of vectors": (DagSupernet, registered("dag", (5,), 1, vertices=4, width=4)),
}


@pytest.mark.parametrize("name", SUPERNETS)
def test_with_one_hot_gamma_it_is_the_cost_of_the_network(name: str) -> None:
    """Of random genotypes all of whose edges are read; those of cells always are."""
    make, space = SUPERNETS[name]
    net, cost, rng = make(space, 1), ExpectedCost(space), np.random.default_rng(0)
    compared = 0
    for _ in range(12):
        genotype = space.sample(rng)
        if name != "cell" and "none" in genotype:
            continue
        gamma = [tf.constant(one) for one in net.one_hot(genotype)]
        expected = architecture_cost(space.architecture(genotype)).flops
        assert float(cost.flops(gamma)) == pytest.approx(expected, rel=1e-6)
        assert cost.table.expected([np.asarray(one) for one in gamma]) == expected
        compared += 1
    assert compared >= 2


def test_a_small_graph_by_hand() -> None:
    """Stem 5·4, head 4·1, a dense layer 4·4 multiply-accumulates; half of it on edge (0, 1), all of it on (1, 2)."""
    space = registered("dag", (5,), 1, vertices=3, width=4, vector_operations=("none", "identity", "dense"))
    cost = ExpectedCost(space)
    gamma = tf.constant([[0.25, 0.25, 0.5], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    assert float(cost.flops([gamma])) == 2 * (20 + 4 + 16 * 1.5)
    assert float(cost([gamma], [gamma])) == pytest.approx((24 + 24) / (24 + 3 * 16))


def test_its_gradient_is_what_each_operation_costs() -> None:
    _, space = SUPERNETS["cell"]
    cost = ExpectedCost(space)
    gamma = [tf.Variable(np.full(one.shape, 1 / one.shape[1], np.float32)) for one in cost.table.operations]
    with tf.GradientTape() as tape:
        value = cost(gamma, gamma)
    for gradient, flops in zip(tape.gradient(value, gamma), cost.table.operations, strict=True):
        np.testing.assert_allclose(gradient, flops / cost.table.largest, rtol=1e-6)
        assert (flops[:, 0] == 0).all()


def test_edges_that_nothing_reads_count_here_and_not_in_the_network() -> None:
    """A convolution into node 1, from which no edge leads on."""
    net, space = NASBench201Supernet(SUPERNETS["nasbench201"][1], 1), SUPERNETS["nasbench201"][1]
    genotype = ("nor_conv_3x3", "none", "none", "skip_connect", "none", "none")
    cost = ExpectedCost(space)
    assert float(cost.flops(net.one_hot(genotype))) > architecture_cost(space.architecture(genotype)).flops


def test_a_space_without_a_supernet_is_refused() -> None:
    with pytest.raises(ConfigError, match="use cell, nasbench201 or dag"):
        flop_table(registered("chain", IMAGES, 3))
