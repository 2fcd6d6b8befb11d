"""What each operation on each edge of a supernet costs; found out without TensorFlow."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.shapes import Shape
from nas_cli.errors import ConfigError
from nas_cli.oneshot.derive import one_hot, one_hot_cell
from nas_cli.oneshot.memory import graph_operation
from nas_cli.oneshot.supernet import all_edges
from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.cell import CellSpace
from nas_cli.spaces.cell_genotype import KINDS
from nas_cli.spaces.cell_network import operation
from nas_cli.spaces.dag import DagSpace
from nas_cli.spaces.dag_network import NONE
from nas_cli.spaces.layer_blocks import Layers
from nas_cli.spaces.nasbench201 import EDGES, KERNELS, OPERATIONS, STAGES, NASBench201

Matrix = NDArray[Any]


@dataclass(frozen=True, eq=False)
class FlopTable:
    """FLOPs (2 per multiply-accumulate, one example) of a space's networks as a sum over edges.

    `operations`: for each kind (edges, operations), rows and columns as the supernet's, summed over all cells of that
    kind. `fixed`: of all that every network has. With gamma one-hot, `fixed` + Σ gamma·operations is what
    `architecture_cost` counts for the genotype's network, unless that leaves out edges whose value nothing reads, or
    has zeros in place of a vertex without incoming edges.
    """

    kinds: tuple[str, ...]
    operations: tuple[NDArray[np.float64], ...]
    fixed: float

    @property
    def largest(self) -> float:
        """FLOPs with the most expensive operation on every edge."""
        return self.fixed + float(sum(matrix.max(axis=1).sum() for matrix in self.operations))

    def expected(self, gamma: Sequence[Matrix]) -> float:
        """FLOPs with mixing weights (edges, operations) of each kind."""
        pairs = zip(self.operations, gamma, strict=True)
        return self.fixed + sum(float((flops * weights).sum()) for flops, weights in pairs)


def flop_table(space: Any) -> FlopTable:
    """The table of a space that has a supernet.

    Raises:
        ConfigError: it has none.
    """
    if isinstance(space, CellSpace):
        return _cells(space)
    if isinstance(space, NASBench201):
        return _nasbench201(space)
    if isinstance(space, DagSpace):
        return _graph(space)
    raise ConfigError(f"no supernet is known for space {type(space).__name__}: use cell, nasbench201 or dag.")


def _cells(space: CellSpace) -> FlopTable:
    settings = space.settings
    shape: Shape = (*space.input_shape[:2], settings.channels)
    edges = all_edges(2, settings.nodes)
    names = (NONE, *settings.operations)
    totals = {kind: np.zeros((len(edges), len(names))) for kind in KINDS}
    for layer in range(settings.layers):
        reduces = layer in (settings.layers // 3, 2 * settings.layers // 3)
        inside = _halved(shape, 2) if reduces else shape
        for row, (source, _) in enumerate(edges):
            stride = 2 if reduces and source < 2 else 1
            # Preprocessing has given the cell's inputs its channels, at the height and width before it.
            given = (*(shape if stride == 2 else inside)[:2], inside[2])
            costs = [_cell_operation(given, name, inside[2], stride) for name in names]
            totals[KINDS[reduces]][row] += costs
        shape = inside
    genotype = space.sample(np.random.default_rng(0))
    cells = space.pairs(genotype)
    hot = [one_hot_cell(cell, edges, names) for cell in (cells.normal, cells.reduction)]
    return _fitted(KINDS, [totals[kind] for kind in KINDS], hot, space.architecture(genotype))


def _nasbench201(space: NASBench201) -> FlopTable:
    total = np.zeros(len(OPERATIONS))
    shape: Shape = (*space.input_shape[:2], space.settings.channels)
    for stage in range(STAGES):
        shape = _halved(shape, 2) if stage else shape
        total += [space.settings.cells * _nasbench201_operation(shape, name) for name in OPERATIONS]
    skips = ("skip_connect",) * len(EDGES)
    matrix, hot = np.tile(total, (len(EDGES), 1)), one_hot(skips, OPERATIONS)
    return _fitted(("cell",), [matrix], [hot], space.architecture(skips))


def _graph(space: DagSpace) -> FlopTable:
    graph, images = space.graph, len(space.input_shape) == 3
    rows = []
    for _, target in space.edges:
        shape: Shape = (graph.width,)
        if images:
            shape = (*space.input_shape[:2], graph.width)
            for _ in range(graph.level(target)):
                shape = _halved(shape, 1)
        rows.append([_graph_operation(shape, name) for name in space.operations])
    every = next(name for name in space.operations if name != NONE)
    genotype = (every,) * len(space.edges)
    return _fitted(("graph",), [np.array(rows)], [one_hot(genotype, space.operations)], space.architecture(genotype))


def _fitted(
    kinds: tuple[str, ...], matrices: Sequence[Matrix], hot: Sequence[Matrix], architecture: Architecture
) -> FlopTable:
    """The table whose fixed part is what the network of the one-hot gamma `hot` costs besides its edges."""
    chosen = sum(float((gamma * matrix).sum()) for gamma, matrix in zip(hot, matrices, strict=True))
    return FlopTable(kinds, tuple(matrices), architecture_cost(architecture).flops - chosen)


def _cell_operation(shape: Shape, name: str, channels: int, stride: int) -> float:
    layers = Layers(shape)
    if name != NONE:
        operation(layers, name, 0, channels, stride)
    return _flops(layers)


def _nasbench201_operation(shape: Shape, name: str) -> float:
    layers = Layers(shape)
    if name in KERNELS:
        layers.relu_conv_norm(0, shape[-1], KERNELS[name])
    return _flops(layers)


def _graph_operation(shape: Shape, name: str) -> float:
    layers = Layers(shape)
    if name != NONE:
        graph_operation(layers, name, 0, shape[-1])
    return _flops(layers)


def _flops(layers: Layers) -> float:
    return float(architecture_cost(Architecture(tuple(layers.nodes))).flops)


def _halved(shape: Shape, growth: int) -> Shape:
    """Half the height and width, rounded up, and `growth` times the channels."""
    return (-(-shape[0] // 2), -(-shape[1] // 2), growth * shape[2])
