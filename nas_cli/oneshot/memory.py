"""What a supernet costs, known before it is built: its layers as an architecture, counted by the cost model."""

from typing import Any

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.cost import Cost
from nas_cli.errors import ConfigError
from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.cell import CellSpace
from nas_cli.spaces.cell_network import STEM_MULTIPLIER, operation
from nas_cli.spaces.dag import DagSpace
from nas_cli.spaces.dag_network import NONE
from nas_cli.spaces.layer_blocks import Layers
from nas_cli.spaces.nasbench201 import EDGES, KERNELS, OPERATIONS, STAGES, NASBench201, residual

MIB = 2**20
WEIGHT_COPIES = {1: 4, 2: 6}
"""By the order of the architecture's gradient. Values, gradients, and two moments of an optimizer; the second order
keeps the weights before the unrolled step and the validation loss' gradient beside them."""


def cell_cost(space: CellSpace) -> Cost:
    """The cost of `CellSupernet(space)`, with the scale and offset of batch norms, which it does not have."""
    return architecture_cost(_cell_network(space))


def nasbench201_cost(space: NASBench201) -> Cost:
    """The cost of `NASBench201Supernet(space)`, in the same way."""
    return architecture_cost(_nasbench201_network(space))


def dag_cost(space: DagSpace) -> Cost:
    """The cost of `DagSupernet(space)` with ordinary weights, in the same way; Gaussian ones have two numbers each
    (and at most one precision), and a second product."""
    return architecture_cost(_dag_network(space))


def supernet_cost(space: Any) -> Cost:
    """The cost of the supernet of a space.

    Raises:
        ConfigError: there is none of this space.
    """
    if isinstance(space, CellSpace):
        return cell_cost(space)
    if isinstance(space, NASBench201):
        return nasbench201_cost(space)
    if isinstance(space, DagSpace):
        return dag_cost(space)
    raise ConfigError(f"no supernet is known for space {type(space).__name__}: use cell, nasbench201 or dag.")


def step_bytes(cost: Cost, batch_size: int, order: int = 1) -> int:
    """Predicted bytes of one step of a supernet in training: outputs of all operations on all edges, kept for the
    backward pass, the widest stage of gradients, and the copies of the weights.

    What TensorFlow itself takes, a few hundred MiB, is not in it, nor are the data.
    """
    return batch_size * _per_example(cost) + WEIGHT_COPIES[order] * cost.weight_bytes


def check_memory(cost: Cost, batch_size: int, limit_bytes: float, order: int = 1) -> int:
    """The predicted bytes of a step, if they are within the limit.

    Raises:
        ConfigError: if not, with the largest batch that is.
    """
    needed = step_bytes(cost, batch_size, order)
    if needed <= limit_bytes:
        return needed
    fits = int((limit_bytes - WEIGHT_COPIES[order] * cost.weight_bytes) // _per_example(cost))
    advice = f"a batch of at most {fits}, or " if fits >= 1 else ""
    raise ConfigError(
        f"a step of the supernet with batch {batch_size} needs about {needed / MIB:.0f} MiB, more than the limit of "
        f"{limit_bytes / MIB:.0f} MiB: take {advice}fewer channels, cells, nodes or operations."
    )


def _per_example(cost: Cost) -> int:
    return cost.training_activation_bytes + cost.activation_bytes


def _cell_network(space: CellSpace) -> Architecture:
    """As `nas_cli.spaces.cell_network.network`, with all operations on all edges."""
    settings, channels, reduced = space.settings, space.settings.channels, False
    body = Layers(space.input_shape)
    earlier = last = body.norm(body.convolution(0, STEM_MULTIPLIER * channels, 3))
    for layer in range(settings.layers):
        reduces = layer in (settings.layers // 3, 2 * settings.layers // 3)
        channels *= 2 if reduces else 1
        first = body.factorized_reduce(earlier, channels) if reduced else body.relu_conv_norm(earlier, channels, 1)
        nodes = [first, body.relu_conv_norm(last, channels, 1)]
        pools: dict[tuple[str, int], int] = {}
        for _ in range(settings.nodes):
            brought = [
                _term(body, pools, name, source, at, channels, reduces)
                for at, source in enumerate(nodes)
                for name in settings.operations
            ]
            nodes.append(body.joined(tuple(brought)))
        earlier, last, reduced = last, body.joined(tuple(nodes[2:]), "concat"), reduces
    body.classifier(last, space.classes)
    return Architecture(tuple(body.nodes))


def _term(
    body: Layers, pools: dict[tuple[str, int], int], name: str, source: int, at: int, channels: int, reduces: bool
) -> int:
    """One operation on one edge; pooling of a node once for all its edges, with a batch norm behind it."""
    stride = 2 if reduces and at < 2 else 1
    if "pool" not in name:
        return operation(body, name, source, channels, stride)
    if (name, at) not in pools:
        pools[name, at] = body.norm(operation(body, name, source, channels, stride))
    return pools[name, at]


def _nasbench201_network(space: NASBench201) -> Architecture:
    layers, settings = Layers(space.input_shape), space.settings
    at = layers.norm(layers.convolution(0, settings.channels, 3))
    for stage in range(STAGES):
        channels = settings.channels * 2**stage
        if stage:
            at = residual(layers, at, channels)
        for _ in range(settings.cells):
            at = _nasbench201_cell(layers, at, channels)
    layers.classifier(layers.relu(layers.norm(at)), space.classes)
    return Architecture(tuple(layers.nodes))


def _nasbench201_cell(layers: Layers, start: int, channels: int) -> int:
    nodes: list[int] = [start]
    pooled: dict[int, int] = {}
    for target in range(1, 4):
        brought: list[int] = []
        for source in (source for source, to in EDGES if to == target):
            at = nodes[source]
            brought += [layers.relu_conv_norm(at, channels, KERNELS[name]) for name in OPERATIONS if name in KERNELS]
            if at not in pooled:
                pooled[at] = layers.add("average_pool", at, size=3, stride=1)
            brought += [at, pooled[at]]
        nodes.append(layers.joined(tuple(brought)))
    return nodes[-1]


def _dag_network(space: DagSpace) -> Architecture:
    """As `nas_cli.spaces.dag_network.graph_network`, with all functions on all edges, nothing of them shared."""
    body, graph, images = Layers(space.input_shape), space.graph, len(space.input_shape) == 3
    at = 0
    if graph.stem:
        width = graph.width
        at = body.norm(body.convolution(0, width, 3)) if images else body.add("dense", 0, units=width)
    vertices = [at]
    for target in range(1, graph.vertices):
        brought: list[int] = []
        for source, at in enumerate(vertices):
            for _ in range(graph.level(source), graph.level(target) if images else 0):
                at = body.add("max_pool", at, size=2)
            brought += [graph_operation(body, name, at, graph.width) for name in space.operations if name != NONE]
        vertices.append(body.joined(tuple(brought)))
    if images:
        body.classifier(body.add("activation", body.norm(vertices[-1]), activation="relu"), space.classes)
    else:
        body.add("dense", vertices[-1], units=space.classes, activation="linear")
    return Architecture(tuple(body.nodes))


def graph_operation(body: Layers, name: str, at: int, width: int) -> int:
    """The position of one function of a graph on node `at`; nothing of it is shared with others."""
    kind, _, rest = name.partition("_")
    if kind == "dense":
        return body.add("dense", at, units=width, activation=rest or "linear")
    if kind in ("conv", "separable"):
        at, kernel = body.add("activation", at, activation="relu"), int(rest[-1])
        if kind == "conv":
            return body.norm(body.convolution(at, width, kernel))
        return body.norm(body.convolution(body.depthwise(at, kernel), width, 1))
    if kind in ("max", "avg"):
        return body.add("max_pool" if kind == "max" else "average_pool", at, size=int(rest[-1]), stride=1)
    return at if name == "identity" else body.add("activation", at, activation=name)
