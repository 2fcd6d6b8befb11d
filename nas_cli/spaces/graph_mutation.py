"""Structural mutations of a graph genome; each returns a sound graph, or None where it cannot be applied."""

from typing import TypeVar

import numpy as np

from nas_cli.spaces.graph import INPUT, OUTPUT, Graph, Link, NodeGene, make_graph
from nas_cli.spaces.innovations import Innovations

V = TypeVar("V")


def bare(innovations: Innovations) -> Graph[V]:
    """The graph without nodes, from which every other grows: INPUT → OUTPUT."""
    return make_graph((), (innovations.link(INPUT, OUTPUT),))


def add_link(graph: Graph[V], rng: np.random.Generator, innovations: Innovations) -> Graph[V] | None:
    """The graph with one more link that closes no cycle; None if every such link exists."""
    pairs = free_pairs(graph)
    if not pairs:
        return None
    source, target = pairs[rng.integers(len(pairs))]
    return make_graph(graph.nodes, (*graph.links, innovations.link(source, target)))


def free_pairs(graph: Graph[V]) -> list[tuple[int, int]]:
    """The pairs (source, target) that a new link could join without a cycle."""
    marks = [gene.mark for gene in graph.nodes]
    present = {(link.source, link.target) for link in graph.links}
    return [
        (source, target)
        for source in [INPUT, *marks]
        for target in [*marks, OUTPUT]
        if (source, target) not in present and not graph.reaches(target, source)
    ]


def add_node(graph: Graph[V], value: V, rng: np.random.Generator, innovations: Innovations) -> Graph[V]:
    """The graph with a node in the place of a random link: source → node → target."""
    return split_link(graph, graph.links[rng.integers(len(graph.links))], value, innovations)


def split_link(graph: Graph[V], link: Link, value: V, innovations: Innovations) -> Graph[V]:
    """The graph with a node in the place of `link`."""
    mark = innovations.node(link, [gene.mark for gene in graph.nodes])
    kept = [other for other in graph.links if other != link]
    joined = (innovations.link(link.source, mark), innovations.link(mark, link.target))
    return make_graph((*graph.nodes, NodeGene(mark, value)), (*kept, *joined))


def remove_link(graph: Graph[V], rng: np.random.Generator) -> Graph[V] | None:
    """The graph without one link; only links whose both ends keep another one can go, None if there is none."""
    links = removable_links(graph)
    if not links:
        return None
    gone = links[rng.integers(len(links))]
    return Graph(graph.nodes, tuple(link for link in graph.links if link != gone))


def removable_links(graph: Graph[V]) -> list[Link]:
    """The links without which no node dangles."""
    return [link for link in graph.links if len(graph.targets(link.source)) > 1 and len(graph.sources(link.target)) > 1]


def remove_node(graph: Graph[V], rng: np.random.Generator, innovations: Innovations) -> Graph[V] | None:
    """The graph without one node; None if it has only one."""
    if len(graph.nodes) < 2:
        return None
    return without_node(graph, graph.nodes[rng.integers(len(graph.nodes))].mark, innovations)


def without_node(graph: Graph[V], mark: int, innovations: Innovations) -> Graph[V]:
    """The graph without the node `mark` and its links.

    Rule for dangling nodes: a source that only the removed node has read is linked to all of the removed node's
    targets, and a target that has read only the removed node reads all of its sources.
    """
    sources, targets = graph.sources(mark), graph.targets(mark)
    kept = [link for link in graph.links if mark not in (link.source, link.target)]
    pairs = {(link.source, link.target) for link in kept}
    joined = [
        innovations.link(source, target)
        for source in sources
        for target in targets
        if (source, target) not in pairs and (graph.targets(source) == (mark,) or graph.sources(target) == (mark,))
    ]
    return make_graph([gene for gene in graph.nodes if gene.mark != mark], [*kept, *joined])
