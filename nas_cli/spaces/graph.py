"""A graph genome with historical marks (Stanley & Miikkulainen 2002): the common form of modules and blueprints.

Deviation from NEAT: genes have no 'enabled' flag. A split link is removed, and operators that remove genes take the
place of disabling them; a layer graph has no weights that a disabled link could keep for later.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from nas_cli.errors import ConfigError

INPUT, OUTPUT = 0, 1
"""Marks of the two ends, which every graph has and which carry no value."""

V = TypeVar("V")


@dataclass(frozen=True)
class NodeGene(Generic[V]):
    """A node: its historical mark and what it stands for (a layer, a module species)."""

    mark: int
    value: V


@dataclass(frozen=True)
class Link:
    """A connection between two nodes, named by their marks."""

    mark: int
    source: int
    target: int


@dataclass(frozen=True)
class Graph(Generic[V]):
    """Nodes and links, each in order of their marks; acyclic, and every node lies on a path from INPUT to OUTPUT."""

    nodes: tuple[NodeGene[V], ...]
    links: tuple[Link, ...]

    def value(self, mark: int) -> V:
        """What the node with this mark stands for."""
        return next(gene.value for gene in self.nodes if gene.mark == mark)

    def values(self) -> tuple[V, ...]:
        """What the nodes stand for, in order of their marks."""
        return tuple(gene.value for gene in self.nodes)

    def sources(self, mark: int) -> tuple[int, ...]:
        """The nodes that `mark` reads, in order of their marks."""
        return tuple(sorted(link.source for link in self.links if link.target == mark))

    def targets(self, mark: int) -> tuple[int, ...]:
        """The nodes that read `mark`, in order of their marks."""
        return tuple(sorted(link.target for link in self.links if link.source == mark))

    def order(self) -> tuple[int, ...]:
        """Marks of the nodes without the two ends, sources first; of several ready nodes the oldest comes first."""
        waiting = [gene.mark for gene in self.nodes]
        done = [INPUT]
        while waiting:
            ready = [mark for mark in waiting if all(source in done for source in self.sources(mark))]
            if not ready:
                raise ConfigError(f"the graph has a cycle through nodes {waiting}; it must be acyclic.")
            done.append(ready[0])
            waiting.remove(ready[0])
        return tuple(done[1:])

    def reaches(self, start: int, goal: int) -> bool:
        """True if a path leads from `start` to `goal`, or both are the same node."""
        seen, open_marks = {start}, [start]
        while open_marks:
            for target in self.targets(open_marks.pop()):
                if target not in seen:
                    seen.add(target)
                    open_marks.append(target)
        return goal in seen

    def with_value(self, mark: int, value: V) -> "Graph[V]":
        """The same graph with another value at one node."""
        return Graph(tuple(NodeGene(mark, value) if g.mark == mark else g for g in self.nodes), self.links)

    def to_json(self, encode: Callable[[V], Any]) -> dict[str, Any]:
        """JSON values: {"nodes": [[mark, value], …], "links": [[mark, source, target], …]}."""
        nodes = [[gene.mark, encode(gene.value)] for gene in self.nodes]
        return {"nodes": nodes, "links": [[link.mark, link.source, link.target] for link in self.links]}


def make_graph(nodes: Iterable[NodeGene[V]], links: Iterable[Link]) -> Graph[V]:
    """The graph of these genes, put in order of their marks."""
    return Graph(tuple(sorted(nodes, key=lambda g: g.mark)), tuple(sorted(links, key=lambda g: g.mark)))


def graph_from_json(value: Any, decode: Callable[[Any], V]) -> Graph[V]:
    """The graph that `Graph.to_json` wrote.

    Raises:
        ConfigError: if the value has another form, or the graph is cyclic or has a dangling node.
    """
    try:
        nodes = [NodeGene(int(mark), decode(item)) for mark, item in value["nodes"]]
        links = [Link(int(mark), int(source), int(target)) for mark, source, target in value["links"]]
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"not a graph genome: {error!r} in {str(value)[:80]}") from error
    graph = make_graph(nodes, links)
    check_graph(graph)
    return graph


def check_graph(graph: Graph[Any]) -> None:
    """Nothing for a sound graph.

    Raises:
        ConfigError: for a repeated mark or link, a link to nowhere, a cycle, or a node off every path to the output.
    """
    marks = [gene.mark for gene in graph.nodes]
    every = [*marks, *(link.mark for link in graph.links), INPUT, OUTPUT]
    if len(set(every)) != len(every):
        raise ConfigError(f"graph genome repeats a historical mark: {sorted(every)}.")
    pairs = [(link.source, link.target) for link in graph.links]
    known = all(source in [INPUT, *marks] and target in [OUTPUT, *marks] for source, target in pairs)
    if not known or len(set(pairs)) != len(pairs):
        raise ConfigError(f"graph genome has a repeated link or a link to an unknown node: {pairs}.")
    graph.order()
    dangling = [mark for mark in marks if not graph.sources(mark) or not graph.targets(mark)]
    if dangling or not graph.reaches(INPUT, OUTPUT):
        raise ConfigError(f"graph genome must lead from input to output through every node; off the path: {dangling}.")
