"""The space of NAS-Bench-201: one small cell, repeated in a fixed residual network.

Dong & Yang 2020, arXiv:2001.00326. A cell has nodes 0 to 3, node 0 its input and node 3 its output; each of its 6 edges
has one of 5 operations, which makes 15,625 cells.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nas_cli.errors import ConfigError
from nas_cli.schema import number
from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.decision import Categorical, Decision
from nas_cli.spaces.decision_space import DecisionSpace, Values
from nas_cli.spaces.layer_blocks import Layers

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
"""(source, target), in the order of the arch string."""

OUTPUT = 3
KERNELS = {"nor_conv_1x1": 1, "nor_conv_3x3": 3}
STAGES = 3


@dataclass(frozen=True)
class NASBench201Settings:
    """The size of the network around the cell, and what a network may cost.

    `channels` of the first stage, doubled in each of the two further ones; `cells` in each stage. The benchmark has 16
    and 5. Limits, None is no limit: `max_flops` for one image (2 per multiply-accumulate), `max_params`,
    `max_memory_gb` while training.
    """

    name: str
    channels: int = number(1)
    cells: int = number(1)
    max_flops: float | None = number(0, open_low=True)
    max_params: float | None = number(0, open_low=True)
    max_memory_gb: float | None = number(0, open_low=True)


class NASBench201(DecisionSpace):
    """Genotypes are the 6 operations in the order of `EDGES`; decisions 'edge_0_1' (source, target) and so on.

    The network: 3×3 convolution with batch norm; three stages of cells, with a residual block of stride 2 before the
    second and the third; batch norm, ReLU, global average pooling, linear outputs. Node 3 of a cell, like 1 and 2, is
    the sum of what its edges bring. With the published sizes on 32×32×3 and 10 classes, multiply-accumulates of
    convolutions and the dense layer are what the benchmark calls FLOPs; our `flops` are twice as many.

    What cannot change the function is left out: edges into nodes that nothing reads, zeros added to something, and
    zeros that are passed on or pooled. A cell without a way from its input gives zeros (an operation of its own, as
    in the benchmark); a convolution of zeros stays, since its batch norm learns a constant.
    Deviations: the benchmark counts the unread convolutions too, so that 2,290 cells have fewer MACs and parameters
    here than in its tables; convolutions of one node share its ReLU; at stride 2 the border of even sides is padded at
    the end, as TensorFlow does; Glorot initialisation.
    """

    def __init__(self, settings: NASBench201Settings, input_shape: tuple[int, ...], classes: int) -> None:
        if len(input_shape) != 3:
            raise ConfigError(f"space '{settings.name}' needs images (height, width, channels), got {input_shape}.")
        super().__init__([Decision(f"edge_{i}_{j}", Categorical(OPERATIONS)) for i, j in EDGES])
        self.settings = settings
        self.input_shape = input_shape
        self.classes = classes

    def architecture(self, genotype: Values) -> Architecture:
        """The network of a cell."""
        layers, operations = Layers(self.input_shape), tuple(str(value) for value in genotype)
        at = layers.norm(layers.convolution(0, self.settings.channels, 3))
        for stage in range(STAGES):
            channels = self.settings.channels * 2**stage
            if stage:
                at = residual(layers, at, channels)
            for _ in range(self.settings.cells):
                at = _Cell(layers, operations, at, channels).output()
        layers.classifier(layers.relu(layers.norm(at)), self.classes)
        return Architecture(tuple(layers.nodes))


def to_arch(genotype: Values) -> str:
    """The benchmark's string of a cell: '|op~0|+|op~0|op~1|+|op~0|op~1|op~2|', the sources after the operations."""
    nodes = [[f"{op}~{i}" for op, (i, j) in zip(genotype, EDGES, strict=True) if j == node] for node in (1, 2, 3)]
    return "+".join(f"|{'|'.join(edges)}|" for edges in nodes)


def from_arch(text: str) -> Values:
    """The genotype of the benchmark's string.

    Raises:
        ConfigError: if the text is no such string.
    """
    found = tuple(re.findall(r"(\w+)~\d", text))
    if len(found) != len(EDGES) or not set(found) <= set(OPERATIONS) or to_arch(found) != text:
        raise ConfigError(f"not a cell of NAS-Bench-201: '{text}', must be like '{to_arch(OPERATIONS[1:2] * 6)}'.")
    return found


class _Cell:
    """One cell on the output `start` of `layers`; a node without a position is zeros."""

    def __init__(self, layers: Layers, operations: Sequence[str], start: int, channels: int) -> None:
        self.layers, self.operations, self.start, self.channels = layers, operations, start, channels
        self.nodes: dict[int, int | None] = {0: start}
        self.zeros: int | None = None

    def output(self) -> int:
        """The position of node 3."""
        found = self.node(OUTPUT)
        return self.blank() if found is None else found

    def node(self, number: int) -> int | None:
        """The sum of what the node's edges bring, made when it is first asked for."""
        if number not in self.nodes:
            edges = [(op, i) for op, (i, j) in zip(self.operations, EDGES, strict=True) if j == number and op != "none"]
            brought = [self.edge(op, self.node(source)) for op, source in edges]
            found = tuple(position for position in brought if position is not None)
            self.nodes[number] = self.layers.joined(found) if found else None
        return self.nodes[number]

    def edge(self, operation: str, source: int | None) -> int | None:
        """What an operation other than 'none' makes of a node."""
        if operation in KERNELS:
            at = self.blank() if source is None else source
            return self.layers.relu_conv_norm(at, self.channels, KERNELS[operation])
        if source is None or operation == "skip_connect":
            return source
        return self.layers.add("average_pool", source, size=3, stride=1)

    def blank(self) -> int:
        """The position of zeros of the cell's shape."""
        if self.zeros is None:
            self.zeros = self.layers.add("zeros", self.start)
        return self.zeros


def residual(layers: Layers, source: int, channels: int) -> int:
    """Two 3×3 convolutions, the first of stride 2, beside average pooling and a 1×1 convolution."""
    side = layers.convolution(layers.add("average_pool", source, size=2), channels, 1)
    main = layers.relu_conv_norm(layers.relu_conv_norm(source, channels, 3, 2), channels, 3)
    return layers.joined((side, main))
