"""Two of NEAT's genomes side by side by historical mark: their distance and their children."""

from typing import NamedTuple

import numpy as np

from nas_cli.spaces.dense_genome import Connection, Genome, Neuron, leads, make_genome


class Difference(NamedTuple):
    """Two genomes compared gene by gene. `excess`, `disjoint`: numbers of unmatched connections, beyond and inside the
    other one's range of marks. `weights`: mean distance of the weights of matching connections and the biases of
    matching neurons. `larger`: connections of the larger genome.
    """

    excess: int
    disjoint: int
    weights: float
    larger: int


def difference(first: Genome, second: Genome) -> Difference:
    """The comparison of two genomes by historical mark; connections are the genes that count, as in the paper."""
    mine, theirs = first.numbers, second.numbers
    apart = [abs(value - theirs[mark]) for mark, value in mine.items() if mark in theirs]
    weights = sum(apart) / len(apart) if apart else 0.0
    one, two = first.link_marks, second.link_marks
    larger = max(len(one), len(two))
    if one == two:
        return Difference(0, 0, weights, larger)
    shared, unmatched = min(max(one, default=-1), max(two, default=-1)), one ^ two
    excess = sum(mark > shared for mark in unmatched)
    return Difference(excess, len(unmatched) - excess, weights, larger)


def cross_genomes(
    fitter: Genome, other: Genome, rng: np.random.Generator, *, equal: bool, stay_disabled: float, max_nodes: int
) -> Genome:
    """A child aligned by historical mark (Stanley & Miikkulainen 2002, figure 4).

    Matching genes come from either parent at random; disjoint and excess ones from the fitter, or from both if they
    are `equal`ly fit. A connection disabled in either parent is disabled with probability `stay_disabled`, else
    enabled. Rules for the union: a connection of the second parent that would close a cycle or repeat a pair is left
    out; if the union has more than `max_nodes` neurons, the first parent's genes are taken alone.
    """
    mine, theirs = {link.mark: link for link in fitter.links}, {link.mark: link for link in other.links}
    links = [_either(link, theirs.get(mark, link), rng) for mark, link in mine.items()]
    others = {node.mark: node for node in other.nodes}
    nodes = [_neuron(node, others.get(node.mark, node), rng) for node in fitter.nodes]
    if equal:
        nodes, links = _union(nodes, links, other, max_nodes)
    off = {mark for parent in (mine, theirs) for mark, link in parent.items() if not link.enabled}
    return make_genome(nodes, [_switched(link, off, stay_disabled, rng) for link in links])


def _either(first: Connection, second: Connection, rng: np.random.Generator) -> Connection:
    return first if first is second or rng.random() < 0.5 else second


def _neuron(first: Neuron, second: Neuron, rng: np.random.Generator) -> Neuron:
    return first if first is second or rng.random() < 0.5 else second


def _switched(link: Connection, off: set[int], stay_disabled: float, rng: np.random.Generator) -> Connection:
    if link.mark not in off:
        return link
    return link._replace(enabled=bool(rng.random() >= stay_disabled))


def _union(
    nodes: list[Neuron], links: list[Connection], other: Genome, max_nodes: int
) -> tuple[list[Neuron], list[Connection]]:
    known = {node.mark for node in nodes}
    more = [node for node in other.nodes if node.mark not in known]
    if len(nodes) + len(more) > max_nodes:
        return nodes, links
    marks, pairs, grown = {link.mark for link in links}, {(link.source, link.target) for link in links}, list(links)
    for link in other.links:
        if link.mark not in marks and (link.source, link.target) not in pairs:
            if not leads(grown, link.target, link.source):
                grown.append(link)
    return [*nodes, *more], grown
