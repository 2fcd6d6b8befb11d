import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nas_cli.errors import ConfigError
from nas_cli.oneshot.cell_supernet import CellSupernet
from nas_cli.oneshot.dag_supernet import DagSupernet
from nas_cli.oneshot.memory import cell_cost, check_memory, dag_cost, nasbench201_cost, step_bytes, supernet_cost
from nas_cli.oneshot.nasbench201_supernet import NASBench201Supernet
from tests.spaces.configured import registered

FACTOR = 2.0


def numbers(weights: Any) -> int:
    return sum(int(np.prod(weight.shape)) for weight in weights)


def test_parameters_are_counted_before_the_supernet_is_built() -> None:
    """But for what the count has for the scale and offset of batch norms, which supernets do not have."""
    space = registered("nasbench201", (8, 8, 3), 3, channels=4, cells=1)
    net, cost = NASBench201Supernet(space, 1), nasbench201_cost(space)
    channels = net.weights[-2].shape[1]
    assert numbers(net.trainable_weights) == cost.trainable_params - 2 * channels
    cells = registered("cell", (8, 8, 3), 3, nodes=2, layers=3, channels=4)
    supernet, cost = CellSupernet(cells, 1), cell_cost(cells)
    channels = supernet.weights[-2].shape[1]
    assert numbers(supernet.trainable_weights) == cost.trainable_params - 2 * channels


@pytest.mark.parametrize("stem", ["learned", "none"])
def test_parameters_of_graphs_are_counted_too(stem: str) -> None:
    """Those of images but for the scale and offset of batch norms."""
    vectors = registered("dag", (4,), 1, vertices=4, width=4, stem=stem)
    assert numbers(DagSupernet(vectors, 1).trainable_weights) == dag_cost(vectors).trainable_params
    images = registered("dag", (8, 8, 4), 3, vertices=4, width=4, halvings=2, stem=stem)
    net = DagSupernet(images, 1)
    channels = net.non_trainable_variables[0].shape[1]
    assert numbers(net.trainable_weights) == dag_cost(images).trainable_params - 2 * channels


def test_one_entry_for_all_spaces() -> None:
    for name, shape, count in (("cell", (8, 8, 3), cell_cost), ("nasbench201", (8, 8, 3), nasbench201_cost)):
        space = registered(name, shape, 3)
        assert supernet_cost(space) == count(space)
    graph = registered("dag", (6,), 1)
    assert supernet_cost(graph) == dag_cost(graph)
    with pytest.raises(ConfigError, match="no supernet is known for space ChainSpace"):
        supernet_cost(registered("chain", (8, 8, 3), 3))


def test_the_prediction_by_hand() -> None:
    cost = replace(
        nasbench201_cost(registered("nasbench201", (8, 8, 3), 3, channels=4, cells=1)),
        training_activation_bytes=1000,
        activation_bytes=100,
        weight_bytes=50,
    )
    assert step_bytes(cost, 8) == 8 * 1100 + 4 * 50
    assert step_bytes(cost, 8, order=2) == 8 * 1100 + 6 * 50
    assert check_memory(cost, 8, 9000) == 9000
    with pytest.raises(ConfigError, match="batch of at most 7, or fewer channels"):
        check_memory(cost, 8, 8999)
    with pytest.raises(ConfigError, match="take fewer channels"):
        check_memory(cost, 8, 1000)


def test_memory_grows_with_what_is_advised_to_be_made_smaller() -> None:
    def bytes_of(**changes: Any) -> int:
        return step_bytes(cell_cost(registered("cell", (16, 16, 3), **changes)), 16)

    usual = bytes_of()
    assert usual > max(
        bytes_of(channels=4), bytes_of(layers=3), bytes_of(nodes=2), bytes_of(operations=("skip_connect",))
    )


MEASURED = """
import sys, resource
import numpy as np, tensorflow as tf
from nas_cli.oneshot.cell_supernet import CellSupernet
from tests.spaces.configured import registered

channels, batch = int(sys.argv[1]), int(sys.argv[2])
net = CellSupernet(registered("cell", (32, 32, 3), layers=3, channels=channels, nodes=2), 1)

@tf.function(autograph=False)
def step(x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(net(x, [tf.nn.softmax(alpha) for alpha in net.alpha], training=True) ** 2)
    for weight, gradient in zip(net.trainable_weights, tape.gradient(loss, net.trainable_weights)):
        weight.assign_sub(1e-9 * gradient)

step(tf.zeros((4, 32, 32, 3)))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
step.get_concrete_function(tf.TensorSpec((None, 32, 32, 3)))
x = tf.constant(np.random.default_rng(0).normal(size=(batch, 32, 32, 3)), tf.float32)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for _ in range(2):
    step(x)
print("MIB", (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("channels", "batch"), [(8, 64), (16, 32)])
def test_the_prediction_is_within_a_factor_of_what_a_step_takes(channels: int, batch: int) -> None:
    """The growth of the largest resident size over a step that has a batch of 4 instead."""
    command = [sys.executable, "-c", MEASURED, str(channels), str(batch)]
    root = Path(__file__).parents[2]
    output = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root).stdout
    measured = float(output.split("MIB")[1]) * 2**20
    space = registered("cell", (32, 32, 3), layers=3, channels=channels, nodes=2)
    predicted = step_bytes(cell_cost(space), batch) - step_bytes(cell_cost(space), 4)
    print(f"predicted {predicted / 2**20:.0f} MiB, measured {measured / 2**20:.0f} MiB")
    assert 1 / FACTOR < predicted / measured < FACTOR
