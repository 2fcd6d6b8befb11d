"""DeepNEAT's genome, a graph of layers, and what can be done with it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from nas_cli.spaces.genotype import Blueprint, Genotype, Module, assemble
from nas_cli.spaces.graph import Graph
from nas_cli.spaces.graph_crossover import align, cross_graphs
from nas_cli.spaces.graph_mutation import add_link, add_node, bare, remove_link, remove_node
from nas_cli.spaces.innovations import Innovations
from nas_cli.spaces.layer import congruence, mix_layers, mutate_layer, ratio, sample_layer
from nas_cli.spaces.modular import ModularSpace
from nas_cli.spaces.modular_mutation import grow, mutate_head
from nas_cli.strategies.deepneat.settings import DeepNEATSettings

SPECIES = 0
"""The only module species of a DeepNEAT network."""
TRIES = 1000
"""Rounds of mutation until one changes something; rates too low for that leave the genome as it is."""


@dataclass(frozen=True)
class DeepGenome:
    """A graph of layers with historical marks, and the widths of the dense layers before the output."""

    graph: Module
    head: tuple[int, ...]


Change = Callable[[DeepGenome, np.random.Generator], DeepGenome | None]


def genotype_of(genome: DeepGenome) -> Genotype:
    """The genotype of a modular space: a blueprint with one node, whose module is the whole graph."""
    blueprint = bare_blueprint(genome.head)
    return assemble(blueprint, {SPECIES: genome.graph})


def bare_blueprint(head: tuple[int, ...]) -> Blueprint:
    """A blueprint with a single node."""
    register = Innovations()
    graph: Graph[int] = bare(register)
    return Blueprint(add_node(graph, SPECIES, np.random.default_rng(0), register), head)


@final
class DeepOperators:
    """Distance, mutation and crossover of DeepNEAT's genomes; `innovations` are the population's marks."""

    def __init__(self, settings: DeepNEATSettings, space: ModularSpace) -> None:
        self._settings = settings
        self._modular = space
        self._space = space.settings
        self.innovations = Innovations()

    def sample(self, rng: np.random.Generator) -> DeepGenome:
        """The layers and the head of a random network of the space, joined to a new graph; only one layer at a minimal
        start.
        """
        drawn = self._modular.sample(rng)
        species = drawn.blueprint.graph.values()
        layers = [layer for name in species for layer in drawn.module(name).values()]
        count = 1 if self._settings.start == "minimal" else self._settings.max_layers
        graph = grow(layers[:count], self._space.extra_links, rng, self.innovations)
        return DeepGenome(graph, drawn.blueprint.head)

    def distance(self, first: DeepGenome, second: DeepGenome) -> float:
        """NEAT's distance c1·E/N + c2·D/N + c3·W (Stanley & Miikkulainen 2002, equation 1).

        N: genes (nodes and links) of the larger graph. W: mean difference of matching layers (1 − congruence) and of
        the widths of the head (1 − min/max).
        """
        alignment = align(first.graph, second.graph)
        parts = [1.0 - congruence(one, two) for one, two in alignment.values]
        parts += [1.0 - ratio(one, two) for one, two in zip(first.head, second.head, strict=True)]
        mean = sum(parts) / len(parts) if parts else 0.0
        topology = self._settings.excess * alignment.excess + self._settings.disjoint * alignment.disjoint
        return topology / alignment.larger + self._settings.values * mean

    def mutate(self, genome: DeepGenome, rng: np.random.Generator) -> DeepGenome:
        """The genome after each operator has had its chance, as in NEAT, again until it has changed."""
        for _ in range(TRIES):
            changed = genome
            for probability, change in self._changes():
                if rng.random() < probability:
                    changed = change(changed, rng) or changed
            if changed != genome:
                return changed
        return genome

    def cross(self, fitter: DeepGenome, other: DeepGenome, equal: bool, rng: np.random.Generator) -> DeepGenome:
        """A child, aligned by historical mark, and then mutated."""
        limit = self._settings.max_layers
        graph = cross_graphs(fitter.graph, other.graph, rng, equal=equal, max_nodes=limit, mix=mix_layers)
        pairs = zip(fitter.head, other.head, strict=True)
        head = tuple(one if rng.random() < 0.5 else two for one, two in pairs)
        return self.mutate(DeepGenome(graph, head), rng)

    def _changes(self) -> list[tuple[float, Change]]:
        settings, innovations = self._settings, self.innovations
        return [
            (settings.add_connection, lambda g, rng: _with(g, add_link(g.graph, rng, innovations))),
            (settings.add_node, self._add_node),
            (settings.remove_connection, lambda g, rng: _with(g, remove_link(g.graph, rng))),
            (settings.remove_node, lambda g, rng: _with(g, remove_node(g.graph, rng, innovations))),
            (1.0, self._mutate_layers),
            (settings.mutate_head, self._mutate_head),
        ]

    def _add_node(self, genome: DeepGenome, rng: np.random.Generator) -> DeepGenome | None:
        if len(genome.graph.nodes) >= self._settings.max_layers:
            return None
        layer = sample_layer(self._space, rng)
        return _with(genome, add_node(genome.graph, layer, rng, self.innovations))

    def _mutate_layers(self, genome: DeepGenome, rng: np.random.Generator) -> DeepGenome:
        graph = genome.graph
        for gene in graph.nodes:
            if rng.random() < self._settings.mutate_layer:
                graph = graph.with_value(gene.mark, mutate_layer(gene.value, self._space, rng))
        return replace(genome, graph=graph)

    def _mutate_head(self, genome: DeepGenome, rng: np.random.Generator) -> DeepGenome | None:
        head = mutate_head(genome.head, self._space, rng)
        return None if head is None else replace(genome, head=head)


def _with(genome: DeepGenome, graph: Module | None) -> DeepGenome | None:
    return None if graph is None else replace(genome, graph=graph)
