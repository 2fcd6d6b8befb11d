"""From a modular genotype to its architecture."""

from collections.abc import Callable
from typing import TypeVar

from nas_cli.spaces.architecture import Architecture, Node, Value, node
from nas_cli.spaces.genotype import Genotype, Module
from nas_cli.spaces.graph import INPUT, OUTPUT, Graph
from nas_cli.spaces.layer import Layer
from nas_cli.spaces.modular_settings import ModularSpaceSettings

V = TypeVar("V")
SMALLEST_SIDE = 2
"""Max pooling is left out where it would leave maps with a side below this: so every genotype has a network."""


def network(
    genotype: Genotype, settings: ModularSpaceSettings, input_shape: tuple[int, int, int], outputs: int
) -> Architecture:
    """The architecture: the wired blueprint, features as `settings.head` says, dense ReLU layers, linear outputs."""
    body = _Body(settings, input_shape)
    at = body.wire(genotype.blueprint.graph, 0, lambda species, start: body.module(genotype.module(species), start))
    at = body.add(settings.head, (at,), (1, 1))
    for units in genotype.blueprint.head:
        at = body.add("dense", (at,), (1, 1), units=units, activation="relu")
    body.add("dense", (at,), (1, 1), units=outputs, activation="linear")
    return Architecture(tuple(body.nodes))


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

    def wire(self, graph: Graph[V], start: int, place: Callable[[V, int], int]) -> int:
        """Place every node of a graph behind its joined sources; returns the position that the output reads."""
        at = {INPUT: start}
        for mark in graph.order():
            at[mark] = place(graph.value(mark), self.joined([at[source] for source in graph.sources(mark)]))
        return self.joined([at[source] for source in graph.sources(OUTPUT)])

    def module(self, module: Module, start: int) -> int:
        return self.wire(module, start, self.layer)

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
