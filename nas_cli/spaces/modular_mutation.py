"""Random growth and mutations of modules, blueprint graphs and heads."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from nas_cli.spaces.genotype import Module
from nas_cli.spaces.graph import Graph
from nas_cli.spaces.graph_mutation import add_link, add_node, bare, remove_link, remove_node
from nas_cli.spaces.innovations import Innovations
from nas_cli.spaces.layer import mutate_integer, mutate_layer, sample_layer
from nas_cli.spaces.modular_settings import ModularSpaceSettings

V = TypeVar("V")


def grow(values: Sequence[V], extra_links: float, rng: np.random.Generator, innovations: Innovations) -> Graph[V]:
    """A graph with one node per value: a chain that grew by splitting links, and for each node a further link with
    probability `extra_links`.
    """
    graph: Graph[V] = bare(innovations)
    for value in values:
        graph = add_node(graph, value, rng, innovations)
    for _ in values:
        if rng.random() < extra_links:
            graph = add_link(graph, rng, innovations) or graph
    return graph


def mutate_structure(
    graph: Graph[V], value: Callable[[], V], max_nodes: int, rng: np.random.Generator, innovations: Innovations
) -> Graph[V] | None:
    """The graph with a link or a node more or less, each operator as likely; None if the drawn one cannot be applied.

    `value` makes the value of a new node.
    """
    operator = int(rng.integers(4))
    if operator == 0:
        return add_link(graph, rng, innovations)
    if operator == 1:
        return add_node(graph, value(), rng, innovations) if len(graph.nodes) < max_nodes else None
    return remove_link(graph, rng) if operator == 2 else remove_node(graph, rng, innovations)


def mutate_module(
    module: Module, settings: ModularSpaceSettings, structure: float, rng: np.random.Generator, innovations: Innovations
) -> Module:
    """The module with its graph changed with probability `structure` where that is possible, else one layer."""
    if rng.random() < structure:
        limit = settings.max_module_layers
        changed = mutate_structure(module, lambda: sample_layer(settings, rng), limit, rng, innovations)
        if changed is not None:
            return changed
    gene = module.nodes[rng.integers(len(module.nodes))]
    return module.with_value(gene.mark, mutate_layer(gene.value, settings, rng))


def change_value(graph: Graph[V], allowed: Sequence[V], rng: np.random.Generator) -> Graph[V] | None:
    """The graph with another one of the `allowed` values at a random node; None if there is no other."""
    gene = graph.nodes[rng.integers(len(graph.nodes))]
    others = [value for value in allowed if value != gene.value]
    return graph.with_value(gene.mark, others[rng.integers(len(others))]) if others else None


def mutate_head(
    head: tuple[int, ...], settings: ModularSpaceSettings, rng: np.random.Generator
) -> tuple[int, ...] | None:
    """The widths with one changed by a normal step; None if there is none or the range has a single width."""
    if not head or settings.dense_units[0] == settings.dense_units[1]:
        return None
    at = int(rng.integers(len(head)))
    return (*head[:at], mutate_integer(head[at], settings.dense_units, rng), *head[at + 1 :])
