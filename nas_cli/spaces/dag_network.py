"""From the operations on the edges of a graph to the network that computes its last vertex."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.layer_blocks import Layers

Edge = tuple[int, int]
"""(source, target), the numbers of two vertices; the source is the smaller."""

NONE = "none"
ACTIVATIONS = ("relu", "tanh", "sigmoid")
VECTOR_OPERATIONS = (NONE, "identity", *ACTIVATIONS, "dense", "dense_relu", "dense_tanh", "dense_sigmoid")
IMAGE_OPERATIONS = (
    NONE, "identity", "relu", "conv_1x1", "conv_3x3", "conv_5x5", "separable_3x3", "separable_5x5", "max_pool_3x3",
    "avg_pool_3x3",
)  # fmt: skip

ZERO_OF_ZERO = ("identity", "relu", "tanh", "max_pool_3x3", "avg_pool_3x3")
"""Operations that make zeros of zeros; a sigmoid makes ½ of them, and a bias or a batch norm learns a constant."""


@dataclass(frozen=True)
class GraphSize:
    """`vertices` with the input and the output; `width`: numbers or channels of each; how often maps are halved; if
    vertex 0 is made of the input by a layer of its own, or is the input."""

    vertices: int
    width: int
    halvings: int
    stem: bool

    @property
    def edges(self) -> tuple[Edge, ...]:
        """All edges, by target, then by source."""
        return tuple((i, j) for j in range(1, self.vertices) for i in range(j))

    def level(self, vertex: int) -> int:
        """How often the maps of a vertex have been halved: spread evenly over the graph."""
        return vertex * self.halvings // (self.vertices - 1)


@dataclass(frozen=True)
class GraphNetwork:
    """`layers`: the positions of the nodes with weights that 'stem', 'head' and each 'edge_0_1' are made of."""

    architecture: Architecture
    layers: Mapping[str, tuple[int, ...]]


def edge_name(edge: Edge) -> str:
    """'edge_0_1' of (0, 1)."""
    return f"edge_{edge[0]}_{edge[1]}"


def graph_network(
    operations: Mapping[Edge, str], size: GraphSize, input_shape: tuple[int, ...], classes: int
) -> GraphNetwork:
    """The network of a graph: what the output vertex does not read is left out, and so are zeros that are added."""
    return _Graph(operations, size, input_shape).finished(classes)


class _Graph:
    """The vertices that the output needs; one without a position is zeros."""

    def __init__(self, operations: Mapping[Edge, str], size: GraphSize, input_shape: tuple[int, ...]) -> None:
        self.operations, self.size = operations, size
        self.images = len(input_shape) == 3
        self.body = Layers(input_shape)
        self.owners: dict[str, tuple[int, ...]] = {}
        self.made: dict[tuple[str, int], int] = {}
        self.vertices: dict[int, int | None] = {0: self.owned("stem", self.stem)}

    def finished(self, classes: int) -> GraphNetwork:
        """Vectors: linear outputs. Images: batch norm, ReLU, global average pooling, linear outputs."""
        last = self.size.vertices - 1
        at = self.vertex(last)
        at = self.blank(last) if at is None else at
        start = len(self.body.nodes)
        if self.images:
            self.body.classifier(self.body.relu(self.body.norm(at)), classes)
        else:
            self.body.add("dense", at, units=classes, activation="linear")
        self.owners["head"] = self.weighted(start)
        return GraphNetwork(Architecture(tuple(self.body.nodes)), self.owners)

    def stem(self) -> int:
        if not self.size.stem:
            return 0
        if self.images:
            return self.body.norm(self.body.convolution(0, self.size.width, 3))
        return self.body.add("dense", 0, units=self.size.width, activation="linear")

    def vertex(self, number: int) -> int | None:
        """The sum of what the edges into a vertex bring, made when it is first asked for."""
        if number not in self.vertices:
            brought = [self.edge((source, number)) for source in range(number)]
            found = tuple(position for position in brought if position is not None)
            self.vertices[number] = self.body.joined(found) if found else None
        return self.vertices[number]

    def edge(self, edge: Edge) -> int | None:
        name, (source, target) = self.operations[edge], edge
        if name == NONE:
            return None
        at = self.vertex(source)
        if at is None and name in ZERO_OF_ZERO:
            return None
        at = self.blank(target) if at is None else self.halved(at, self.size.level(source), self.size.level(target))
        return self.owned(edge_name(edge), lambda: self.operation(name, at))

    def operation(self, name: str, at: int) -> int:
        kind, _, rest = name.partition("_")
        kernel, width = int(rest[-1]) if rest[-1:].isdigit() else 0, self.size.width
        if kind == "dense":
            return self.body.add("dense", at, units=width, activation=rest or "linear")
        if kind == "conv":
            return self.body.relu_conv_norm(at, width, kernel)
        if kind == "separable":
            return self.body.separable(at, width, kernel)
        if kind in ("max", "avg"):
            op = "max_pool" if kind == "max" else "average_pool"
            return self.once(op, at, size=kernel, stride=1)
        return at if name == "identity" else self.activated(name, at)

    def activated(self, name: str, at: int) -> int:
        return self.body.relu(at) if name == "relu" else self.once("activation", at, activation=name)

    def halved(self, at: int, start: int, end: int) -> int:
        """Max-pooled by 2 for each level between; once for all edges that need it."""
        for _ in range(start, end if self.images else start):
            at = self.once("max_pool", at, size=2)
        return at

    def blank(self, vertex: int) -> int:
        """The position of zeros of a vertex's shape."""
        start = self.vertices[0] or 0
        return self.once("zeros", self.halved(start, 0, self.size.level(vertex)))

    def once(self, op: str, at: int, **settings: int | str) -> int:
        """A layer without weights, made once for all that read it."""
        key = (f"{op} {settings}", at)
        if key not in self.made:
            self.made[key] = self.body.add(op, at, **settings)
        return self.made[key]

    def owned(self, owner: str, make: Callable[[], int]) -> int:
        """What `make` appends, its layers with weights noted as the owner's."""
        start = len(self.body.nodes)
        at = make()
        self.owners[owner] = self.weighted(start)
        return at

    def weighted(self, start: int) -> tuple[int, ...]:
        kinds = ("dense", "conv2d", "depthwise_conv2d", "batch_norm")
        return tuple(at for at in range(start, len(self.body.nodes)) if self.body.nodes[at].op in kinds)
