"""Two graph genomes side by side by historical mark: crossover and the parts of their distance."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from nas_cli.spaces.graph import INPUT, OUTPUT, Graph, Link, NodeGene, make_graph

V = TypeVar("V")
Mix = Callable[[V, V, np.random.Generator], V]
"""Makes the value of a matching node from the values of both parents."""


@dataclass(frozen=True)
class Alignment(Generic[V]):
    """Two graphs compared gene by gene (nodes and links) by mark.

    `values`: the pairs of values of matching nodes. `matching`, `disjoint`, `excess`: numbers of genes; excess genes
    have marks above the other graph's largest, disjoint ones lie inside its range. `larger`: genes of the larger graph.
    """

    values: tuple[tuple[V, V], ...]
    matching: int
    disjoint: int
    excess: int
    larger: int

    @property
    def unmatched_share(self) -> float:
        """Disjoint and excess genes as a share of all different genes, in [0, 1]."""
        unmatched = self.disjoint + self.excess
        return unmatched / (self.matching + unmatched)


def align(first: Graph[V], second: Graph[V]) -> Alignment[V]:
    """The comparison of two graphs by historical mark."""
    genes = [_genes(first), _genes(second)]
    shared = min(max(mark for mark, *_ in side) for side in genes)
    unmatched = genes[0] ^ genes[1]
    excess = sum(mark > shared for mark, *_ in unmatched)
    other = {gene.mark: gene.value for gene in second.nodes}
    values = tuple((gene.value, other[gene.mark]) for gene in first.nodes if gene.mark in other)
    larger = max(len(genes[0]), len(genes[1]))
    return Alignment(values, len(genes[0] & genes[1]), len(unmatched) - excess, excess, larger)


def _genes(graph: Graph[V]) -> set[tuple[int, ...]]:
    return {(gene.mark,) for gene in graph.nodes} | {(link.mark, link.source, link.target) for link in graph.links}


def either(first: V, second: V, rng: np.random.Generator) -> V:
    """One of two values at random."""
    return first if rng.random() < 0.5 else second


def cross_graphs(
    fitter: Graph[V], other: Graph[V], rng: np.random.Generator, *, equal: bool, max_nodes: int, mix: Mix[V] = either
) -> Graph[V]:
    """A child of two graphs aligned by historical mark (Stanley & Miikkulainen 2002, figure 4).

    The values of matching nodes are mixed at random; disjoint and excess genes come from the fitter parent, or from
    both if they are `equal`ly fit. Rules for the union: a gene of the second parent whose mark means something else in
    the first, and a link that would repeat a link or close a cycle, is left out; nodes left dangling are too; if the
    union has more than `max_nodes` nodes, the first parent's genes are taken alone.
    """
    theirs = {gene.mark: gene.value for gene in other.nodes}
    nodes = [NodeGene(g.mark, mix(g.value, theirs[g.mark], rng)) if g.mark in theirs else g for g in fitter.nodes]
    child = make_graph(nodes, fitter.links)
    if not equal:
        return child
    union = _union(child, other)
    return union if len(union.nodes) <= max_nodes else child


def _union(child: Graph[V], other: Graph[V]) -> Graph[V]:
    taken = {gene.mark for gene in child.nodes} | {link.mark for link in child.links}
    union = make_graph((*child.nodes, *(gene for gene in other.nodes if gene.mark not in taken)), child.links)
    for link in other.links:
        if _fits(union, link):
            union = make_graph(union.nodes, (*union.links, link))
    return _without_dangling(union)


def _fits(graph: Graph[V], link: Link) -> bool:
    nodes = [gene.mark for gene in graph.nodes]
    marks = [*nodes, *(old.mark for old in graph.links)]
    pairs = [(old.source, old.target) for old in graph.links]
    known = link.source in [INPUT, *nodes] and link.target in [OUTPUT, *nodes]
    fresh = link.mark not in marks and (link.source, link.target) not in pairs
    return known and fresh and not graph.reaches(link.target, link.source)


def _without_dangling(graph: Graph[V]) -> Graph[V]:
    dangling = [g.mark for g in graph.nodes if not graph.sources(g.mark) or not graph.targets(g.mark)]
    if not dangling:
        return graph
    nodes = [gene for gene in graph.nodes if gene.mark not in dangling]
    links = [link for link in graph.links if link.source not in dangling and link.target not in dangling]
    return _without_dangling(make_graph(nodes, links))
