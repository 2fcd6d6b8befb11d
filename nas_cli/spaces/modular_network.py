"""From a modular genotype to its architecture."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from nas_cli.spaces.architecture import Architecture, Node, Value, node
from nas_cli.spaces.genotype import Genotype
from nas_cli.spaces.graph import INPUT, OUTPUT, Graph
from nas_cli.spaces.layer import Layer
from nas_cli.spaces.modular_settings import ModularSpaceSettings

V = TypeVar("V")
SMALLEST_SIDE = 2
"""Max pooling is left out where it would leave maps with a side below this: so every genotype has a network."""


@dataclass(frozen=True)
class Place:
    """Where a convolution of an architecture comes from: the `mark` of the module's layer, the module `species`, and
    the mark of the blueprint's `node` that the module stands at. `layer` is the convolution's name, 'conv2d_3'.
    """

    layer: str
    node: int
    species: int
    mark: int


def network(
    genotype: Genotype, settings: ModularSpaceSettings, input_shape: tuple[int, int, int], outputs: int
) -> Architecture:
    """The architecture: the wired blueprint, features as `settings.head` says, dense ReLU layers, linear outputs."""
    return placed_network(genotype, settings, input_shape, outputs)[0]


def placed_network(
    genotype: Genotype, settings: ModularSpaceSettings, input_shape: tuple[int, int, int], outputs: int
) -> tuple[Architecture, tuple[Place, ...]]:
    """The architecture, and the origin of each of its convolutions in order."""
    body, places, graph = _Body(settings, input_shape), list[Place](), genotype.blueprint.graph

    def module(node_mark: int, start: int) -> int:
        species = graph.value(node_mark)
        layers = genotype.module(species)

        def layer(mark: int, start: int) -> int:
            places.append(Place(f"conv2d_{len(body.nodes)}", node_mark, species, mark))
            return body.layer(layers.value(mark), start)

        return body.wire(layers, start, layer)

    at = body.wire(graph, 0, module)
    at = body.add(settings.head, (at,), (1, 1))
    for units in genotype.blueprint.head:
        at = body.add("dense", (at,), (1, 1), units=units, activation="relu")
    body.add("dense", (at,), (1, 1), units=outputs, activation="linear")
    return Architecture(tuple(body.nodes)), tuple(places)


class _Body:
    """The nodes so far, and the height and width of each one's output."""

    def __init__(self, settings: ModularSpaceSettings, input_shape: tuple[int, int, int]) -> None:
        self.settings = settings
        self.nodes: list[Node] = [node("input", shape=input_shape)]
        self.sides = [input_shape[:2]]

    def add(self, op: str, inputs: tuple[int, ...], sides: tuple[int, int], **settings: Value) -> int:
        self.nodes.append(node(op, inputs, **settings))
        self.sides.append(sides)
        return len(self.nodes) - 1

    def wire(self, graph: Graph[V], start: int, place: Callable[[int, int], int]) -> int:
        """Have `place` put every node of a graph, given its mark, behind its joined sources; returns the position that
        the output reads."""
        at = {INPUT: start}
        for mark in graph.order():
            at[mark] = place(mark, self.joined([at[source] for source in graph.sources(mark)]))
        return self.joined([at[source] for source in graph.sources(OUTPUT)])

    def joined(self, positions: list[int]) -> int:
        if len(positions) == 1:
            return positions[0]
        heights, widths = zip(*(self.sides[position] for position in positions), strict=True)
        return self.add("merge", tuple(positions), (min(heights), min(widths)), mode=self.settings.merge)

    def layer(self, layer: Layer, start: int) -> int:
        at = self.convolution(layer, start)
        if layer.after == "max_pool":
            return self.pooled(at)
        if layer.after == "dropout" and layer.rate > 0:
            return self.add("dropout", (at,), self.sides[at], rate=layer.rate)
        return at

    def convolution(self, layer: Layer, start: int) -> int:
        sides, normed = self.sides[start], self.settings.batch_norm
        at = self.add(
            "conv2d",
            (start,),
            sides,
            filters=layer.filters,
            kernel=layer.kernel,
            stride=1,
            activation="linear" if normed else "relu",
            use_bias=not normed,
        )
        if not normed:
            return at
        at = self.add("batch_norm", (at,), sides)
        return self.add("activation", (at,), sides, activation="relu")

    def pooled(self, start: int) -> int:
        size = self.settings.pool_size
        height, width = (-(-side // size) for side in self.sides[start])
        if min(height, width) < SMALLEST_SIDE:
            return start
        return self.add("max_pool", (start,), (height, width), size=size)
