import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_cli.errors import ConfigError
from nas_cli.spaces.graph import INPUT, OUTPUT, Graph, Link, NodeGene, check_graph, graph_from_json, make_graph
from nas_cli.spaces.graph_crossover import align, cross_graphs
from nas_cli.spaces.graph_mutation import (
    add_link,
    add_node,
    bare,
    remove_link,
    remove_node,
    split_link,
    without_node,
)
from nas_cli.spaces.innovations import FIRST_LINK, Innovations

OPERATORS = 4


def mutated(operators: list[int], seed: int, innovations: Innovations) -> Graph[int]:
    """A graph after a series of structural mutations."""
    rng = np.random.default_rng(seed)
    graph: Graph[int] = add_node(bare(innovations), 0, rng, innovations)
    for i, operator in enumerate(operators):
        changed = (
            add_node(graph, i, rng, innovations),
            add_link(graph, rng, innovations),
            remove_link(graph, rng),
            remove_node(graph, rng, innovations),
        )[operator]
        graph = changed or graph
    return graph


def chain(*values: int, innovations: Innovations | None = None) -> Graph[int]:
    register = innovations or Innovations()
    graph: Graph[int] = bare(register)
    for value in values:
        last = next(link for link in graph.links if link.target == OUTPUT)
        graph = split_link(graph, last, value, register)
    return graph


series = st.lists(st.integers(0, OPERATORS - 1), max_size=12)


@given(series, st.integers(0, 1000))
def test_mutations_keep_graphs_acyclic_and_without_dangling_nodes(operators: list[int], seed: int) -> None:
    graph = mutated(operators, seed, Innovations())
    check_graph(graph)
    assert graph_from_json(json.loads(json.dumps(graph.to_json(int))), int) == graph


@given(series, series, st.integers(0, 1000), st.booleans(), st.integers(1, 6))
def test_children_are_sound_graphs(one: list[int], two: list[int], seed: int, equal: bool, limit: int) -> None:
    innovations = Innovations()
    first, second = mutated(one, seed, innovations), mutated(two, seed + 1, innovations)
    child = cross_graphs(first, second, np.random.default_rng(seed), equal=equal, max_nodes=limit)
    check_graph(child)
    assert len(child.nodes) <= max(limit, len(first.nodes))


@given(series, series, st.integers(0, 1000))
def test_children_of_unrelated_registers_are_sound_too(one: list[int], two: list[int], seed: int) -> None:
    first, second = mutated(one, seed, Innovations()), mutated(two, seed + 1, Innovations())
    check_graph(cross_graphs(first, second, np.random.default_rng(seed), equal=True, max_nodes=20))


@given(series, series, st.integers(0, 1000))
def test_alignment_is_symmetric_and_counts_every_gene(one: list[int], two: list[int], seed: int) -> None:
    innovations = Innovations()
    first, second = mutated(one, seed, innovations), mutated(two, seed + 1, innovations)
    there, back = align(first, second), align(second, first)
    assert (there.matching, there.disjoint, there.excess) == (back.matching, back.disjoint, back.excess)
    genes = sum(len(graph.nodes) + len(graph.links) for graph in (first, second))
    assert 2 * there.matching + there.disjoint + there.excess == genes
    assert align(first, first).unmatched_share == 0


def test_the_same_change_in_one_generation_gets_the_same_mark() -> None:
    innovations = Innovations()
    assert chain(1, 2, innovations=innovations) == chain(1, 2, innovations=innovations)
    innovations.next_generation()
    later = chain(1, 2, innovations=innovations)
    assert {g.mark for g in later.nodes}.isdisjoint(g.mark for g in chain(1, 2).nodes)


def test_a_link_between_the_same_nodes_keeps_its_mark_for_ever() -> None:
    innovations = Innovations()
    mark = innovations.link(INPUT, 3).mark
    innovations.next_generation()
    assert innovations.link(INPUT, 3).mark == mark
    assert innovations.link(3, INPUT).mark != mark


def test_splitting_the_same_link_twice_in_one_graph_gives_two_nodes() -> None:
    innovations = Innovations()
    graph = chain(1, innovations=innovations)
    again = make_graph(graph.nodes, (*graph.links, innovations.link(INPUT, OUTPUT)))
    twice = split_link(again, again.links[0], 2, innovations)
    assert len({gene.mark for gene in twice.nodes}) == 2


def test_register_after_graphs_gives_fresh_marks_and_knows_their_links() -> None:
    graph = chain(1, 2)
    register = Innovations.after([graph])
    old = {gene.mark for gene in graph.nodes} | {link.mark for link in graph.links}
    assert register.node(graph.links[0], []) > max(old)
    assert [register.link(link.source, link.target) for link in graph.links] == list(graph.links)


def test_alignment_by_hand() -> None:
    # first: nodes 3, 5 and links 4, 6, 9; second: nodes 3, 7 and links 4, 8, 10, 11
    first = make_graph([NodeGene(3, 1), NodeGene(5, 2)], [Link(4, 0, 3), Link(6, 3, 5), Link(9, 5, 1)])
    links = [Link(4, 0, 3), Link(8, 3, 7), Link(10, 7, 1), Link(11, 0, 1)]
    second = make_graph([NodeGene(3, 8), NodeGene(7, 9)], links)
    alignment = align(first, second)
    assert alignment.values == ((1, 8),)
    assert (alignment.matching, alignment.disjoint, alignment.excess, alignment.larger) == (2, 5, 2, 6)
    assert alignment.unmatched_share == 7 / 9


def test_crossover_aligns_by_mark_and_not_by_position() -> None:
    # Both have one old node, at different positions in the list of nodes.
    innovations = Innovations()
    old = chain(10, innovations=innovations)
    mark = old.nodes[0].mark
    grown = split_link(old, next(link for link in old.links if link.source == INPUT), 20, innovations)
    shrunk = without_node(split_link(old, old.links[0], 30, innovations), mark, innovations)
    child = cross_graphs(grown, shrunk, np.random.default_rng(0), equal=False, max_nodes=9, mix=lambda a, b, rng: -1)
    shared = {gene.mark for gene in grown.nodes} & {gene.mark for gene in shrunk.nodes}
    assert {gene.mark for gene in child.nodes if gene.value == -1} == shared
    assert child.value(mark) == 10


def test_disjoint_and_excess_come_from_the_fitter_and_from_both_if_equal() -> None:
    innovations = Innovations()
    base = chain(1, innovations=innovations)
    first = split_link(base, base.links[0], 2, innovations)
    second = split_link(base, base.links[1], 3, innovations)
    rng = np.random.default_rng(0)
    assert cross_graphs(first, second, rng, equal=False, max_nodes=9) == first
    assert cross_graphs(second, first, rng, equal=False, max_nodes=9) == second
    assert sorted(cross_graphs(first, second, rng, equal=True, max_nodes=9).values()) == [1, 2, 3]
    assert cross_graphs(first, second, rng, equal=True, max_nodes=2) == first


def test_union_leaves_out_the_link_that_closes_a_cycle() -> None:
    nodes = [NodeGene(3, 0), NodeGene(4, 0)]
    ends = [Link(5, 0, 3), Link(6, 0, 4), Link(7, 3, 1), Link(8, 4, 1)]
    first, second = make_graph(nodes, [*ends, Link(9, 3, 4)]), make_graph(nodes, [*ends, Link(10, 4, 3)])
    child = cross_graphs(first, second, np.random.default_rng(0), equal=True, max_nodes=9)
    assert child.links == first.links


def test_removing_a_node_reconnects_what_would_dangle() -> None:
    innovations = Innovations()
    graph = chain(1, 2, 3, innovations=innovations)
    order = graph.order()
    shorter = without_node(graph, order[1], innovations)
    assert shorter.order() == (order[0], order[2])
    assert shorter.targets(order[0]) == (order[2],)


def test_operators_that_cannot_apply_return_none() -> None:
    innovations = Innovations()
    graph, rng = chain(1, innovations=innovations), np.random.default_rng(0)
    assert remove_link(graph, rng) is None
    assert remove_node(graph, rng, innovations) is None
    full = add_link(graph, rng, innovations)
    assert full is not None and full.targets(INPUT) == (OUTPUT, graph.nodes[0].mark)
    assert add_link(full, rng, innovations) is None


@pytest.mark.parametrize(
    ("nodes", "links"),
    [
        ([], []),
        ([[3, 0]], [[FIRST_LINK, 0, 1]]),
        ([[3, 0]], [[4, 0, 3]]),
        ([[3, 0], [4, 0]], [[5, 0, 3], [6, 3, 4], [7, 4, 3], [8, 4, 1]]),
        ([[3, 0], [3, 0]], [[4, 0, 3], [5, 3, 1]]),
        ([[3, 0]], [[4, 0, 3], [5, 3, 1], [6, 0, 3]]),
        ([[3, 0]], [[4, 0, 3], [5, 3, 1], [6, 3, 9]]),
        ([[3, 0]], [[4, 0, 3], [5, 1, 3], [6, 3, 1]]),
    ],
)
def test_unsound_graphs_are_refused(nodes: list[list[int]], links: list[list[int]]) -> None:
    with pytest.raises(ConfigError):
        graph_from_json({"nodes": nodes, "links": links}, int)
