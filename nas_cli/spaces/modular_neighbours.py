"""The genotypes one smallest step away from a modular genotype."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

from nas_cli.spaces.genotype import Blueprint, Genotype, Module, assemble
from nas_cli.spaces.graph import Graph, make_graph
from nas_cli.spaces.graph_mutation import free_pairs, removable_links, split_link, without_node
from nas_cli.spaces.innovations import Innovations
from nas_cli.spaces.layer import integer_neighbours, layer_neighbours
from nas_cli.spaces.modular_settings import ModularSpaceSettings

V = TypeVar("V")


def genotype_neighbours(genotype: Genotype, settings: ModularSpaceSettings) -> Iterator[Genotype]:
    """Genotypes with one change, each once: a layer's field, a species of the blueprint, the head, or a graph.

    A new node of a graph takes the value of a node that is there; species that are not named yet stay so.
    """
    seen = {genotype}
    for candidate in _candidates(genotype, settings):
        if candidate not in seen:
            seen.add(candidate)
            yield candidate


def _candidates(genotype: Genotype, settings: ModularSpaceSettings) -> Iterator[Genotype]:
    modules = dict(genotype.modules)
    for species, module in genotype.modules:
        for changed in _module_neighbours(module, settings):
            yield assemble(genotype.blueprint, {**modules, species: changed})
    for blueprint in _blueprint_neighbours(genotype.blueprint, settings):
        yield assemble(blueprint, modules)


def _module_neighbours(module: Module, settings: ModularSpaceSettings) -> Iterator[Module]:
    for gene in module.nodes:
        for layer in layer_neighbours(gene.value, settings):
            yield module.with_value(gene.mark, layer)
    yield from _graph_neighbours(module, settings.max_module_layers)


def _blueprint_neighbours(blueprint: Blueprint, settings: ModularSpaceSettings) -> Iterator[Blueprint]:
    for gene in blueprint.graph.nodes:
        for species in blueprint.species():
            yield replace(blueprint, graph=blueprint.graph.with_value(gene.mark, species))
    for at, units in enumerate(blueprint.head):
        for other in integer_neighbours(units, settings.dense_units):
            yield replace(blueprint, head=(*blueprint.head[:at], other, *blueprint.head[at + 1 :]))
    for graph in _graph_neighbours(blueprint.graph, settings.max_blueprint_nodes):
        yield replace(blueprint, graph=graph)


def _graph_neighbours(graph: Graph[V], max_nodes: int) -> Iterator[Graph[V]]:
    for source, target in free_pairs(graph):
        yield make_graph(graph.nodes, (*graph.links, Innovations.after([graph]).link(source, target)))
    for gone in removable_links(graph):
        yield Graph(graph.nodes, tuple(link for link in graph.links if link != gone))
    if len(graph.nodes) > 1:
        for gene in graph.nodes:
            yield without_node(graph, gene.mark, Innovations.after([graph]))
    if len(graph.nodes) < max_nodes:
        for link in graph.links:
            for value in dict.fromkeys(graph.values()):
                yield split_link(graph, link, value, Innovations.after([graph]))
