"""The search spaces of the thesis: networks put together from a blueprint and modules of convolutions."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, final

import numpy as np

from nas_cli.errors import ConfigError
from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.genotype import Blueprint, Genotype, Module, assemble, genotype_from_json, genotype_to_json
from nas_cli.spaces.graph import Graph
from nas_cli.spaces.graph_crossover import cross_graphs
from nas_cli.spaces.innovations import Innovations
from nas_cli.spaces.layer import Layer, mix_layers, sample_layer
from nas_cli.spaces.modular_mutation import change_value, grow, mutate_head, mutate_module, mutate_structure
from nas_cli.spaces.modular_neighbours import genotype_neighbours
from nas_cli.spaces.modular_network import Place, network, placed_network
from nas_cli.spaces.modular_settings import ModularSpaceSettings

__all__ = ["ModularSpace", "ModularSpaceSettings"]


@final
class ModularSpace:
    """Networks of convolution modules (the two spaces of the CoDeepNEAT/MorphNet thesis, section 4).

    A module is a graph of convolutions, mostly a single one; a blueprint is a graph of references to module species;
    all nodes of a species share its module. `outputs` of the network: one per class, or 1 for regression (classes=1).
    Deviations: the thesis does not give the depth, how inputs are merged, or what lies between maps and dense layers;
    the settings `max_blueprint_nodes`, `max_module_layers`, `merge` and `head` do.
    """

    def __init__(self, settings: ModularSpaceSettings, input_shape: tuple[int, ...], classes: int) -> None:
        if len(input_shape) != 3:
            raise ConfigError(f"space '{settings.name}' needs images (height, width, channels), got {input_shape}.")
        self.settings = settings
        self.input_shape = (input_shape[0], input_shape[1], input_shape[2])
        self.classes = classes

    def sample(
        self,
        rng: np.random.Generator,
        for_modules: Innovations | None = None,
        for_blueprints: Innovations | None = None,
    ) -> Genotype:
        """A random genotype; its historical marks come from registers of its own if none are given."""
        for_modules = for_modules or Innovations()
        modules = [self.sample_module(rng, for_modules) for _ in range(self.settings.module_species)]
        blueprint = self.sample_blueprint(rng, for_blueprints or Innovations(), range(len(modules)))
        return assemble(blueprint, dict(enumerate(modules)))

    def sample_module(self, rng: np.random.Generator, innovations: Innovations) -> Module:
        """A random module: one layer, each further one with probability `extra_layers`."""
        count = 1
        while count < self.settings.max_module_layers and rng.random() < self.settings.extra_layers:
            count += 1
        layers = [sample_layer(self.settings, rng) for _ in range(count)]
        return grow(layers, self.settings.extra_links, rng, innovations)

    def sample_blueprint(self, rng: np.random.Generator, innovations: Innovations, species: Sequence[int]) -> Blueprint:
        """A random blueprint: 1 to `max_blueprint_nodes` nodes that name random ones of the given module species."""
        count = int(rng.integers(1, self.settings.max_blueprint_nodes + 1))
        values = [species[int(rng.integers(len(species)))] for _ in range(count)]
        low, high = self.settings.dense_units
        head = tuple(int(rng.integers(low, high + 1)) for _ in range(self.settings.dense_layers))
        return Blueprint(grow(values, self.settings.extra_links, rng, innovations), head)

    def mutate(self, genotype: Genotype, rng: np.random.Generator) -> Genotype:
        changes: list[Callable[[], Genotype | None]] = [
            lambda: self._mutate_module(genotype, rng),
            lambda: self._mutate_blueprint(genotype, rng),
            lambda: self._change_species(genotype, rng),
            lambda: self._mutate_head(genotype, rng),
        ]
        while True:
            changed = changes[rng.integers(len(changes))]()
            if changed is not None and changed != genotype:
                return changed

    def cross(self, first: Genotype, second: Genotype, rng: np.random.Generator) -> Genotype:
        """A child of two genotypes, aligned by historical mark; `first` is the fitter one.

        Equal marks mean equal descent only in genotypes of one register (`sample` with registers given). `mutate`, and
        `sample` without them, number each genotype by itself: genes of such parents are paired by number, which gives
        a sound child, but is no alignment by history.
        """
        limits = (self.settings.max_blueprint_nodes, self.settings.max_module_layers)
        graph = cross_graphs(first.blueprint.graph, second.blueprint.graph, rng, equal=False, max_nodes=limits[0])
        mine, theirs = dict(first.modules), dict(second.modules)
        modules = {**theirs, **mine}
        for species in sorted(mine.keys() & theirs.keys()):
            pair = (mine[species], theirs[species])
            modules[species] = cross_graphs(*pair, rng, equal=False, max_nodes=limits[1], mix=mix_layers)
        head = first.blueprint.head if rng.random() < 0.5 else second.blueprint.head
        return assemble(Blueprint(graph, head), modules)

    def neighbours(self, genotype: Genotype) -> Iterator[Genotype]:
        return genotype_neighbours(genotype, self.settings)

    def encode(self, genotype: Genotype) -> Any:
        return genotype_to_json(genotype)

    def decode(self, value: Any) -> Genotype:
        return genotype_from_json(value)

    def assemble(self, blueprint: Blueprint, modules: Mapping[int, Module]) -> Genotype:
        """The genotype of a blueprint with one module per species; ConfigError if one is missing."""
        return assemble(blueprint, modules)

    def architecture(self, genotype: Genotype) -> Architecture:
        return network(genotype, self.settings, self.input_shape, self.classes)

    def places(self, genotype: Genotype) -> tuple[Place, ...]:
        """The origin of each convolution of the genotype's architecture, in order."""
        return placed_network(genotype, self.settings, self.input_shape, self.classes)[1]

    def size(self) -> float | None:
        """None: the graphs up to the allowed numbers of nodes are not counted."""
        return None

    def smallest(self) -> tuple[Genotype, ...]:
        """The cheapest network of every depth: chains of the narrowest, pooled layers with the narrowest head.

        Widths, kernels, links and left-out pooling only add cost, so limits that none of these meets are met by no
        network of the space.
        """
        layer = Layer(self.settings.filters[0], min(self.settings.kernels), "max_pool")
        head = (self.settings.dense_units[0],) * self.settings.dense_layers
        depth = self.settings.max_blueprint_nodes * self.settings.max_module_layers
        return tuple(_chain(layer, head, count, self.settings.max_blueprint_nodes) for count in range(1, depth + 1))

    def _mutate_module(self, genotype: Genotype, rng: np.random.Generator) -> Genotype | None:
        species, module = genotype.modules[rng.integers(len(genotype.modules))]
        innovations = Innovations.after(module for _, module in genotype.modules)
        changed = mutate_module(module, self.settings, 0.5, rng, innovations)
        return assemble(genotype.blueprint, {**dict(genotype.modules), species: changed})

    def _mutate_blueprint(self, genotype: Genotype, rng: np.random.Generator) -> Genotype | None:
        innovations = Innovations.after([genotype.blueprint.graph])
        limit = self.settings.max_blueprint_nodes
        value = int(rng.integers(self.settings.module_species))
        graph = mutate_structure(genotype.blueprint.graph, lambda: value, limit, rng, innovations)
        return None if graph is None else self._completed(genotype, graph, rng)

    def _change_species(self, genotype: Genotype, rng: np.random.Generator) -> Genotype | None:
        graph = change_value(genotype.blueprint.graph, range(self.settings.module_species), rng)
        return None if graph is None else self._completed(genotype, graph, rng)

    def _mutate_head(self, genotype: Genotype, rng: np.random.Generator) -> Genotype | None:
        head = mutate_head(genotype.blueprint.head, self.settings, rng)
        return None if head is None else replace(genotype, blueprint=replace(genotype.blueprint, head=head))

    def _completed(self, genotype: Genotype, graph: Graph[int], rng: np.random.Generator) -> Genotype:
        """The genotype with another blueprint graph; a species it did not name before gets a sampled module."""
        modules = dict(genotype.modules)
        innovations = Innovations.after(modules.values())
        for species in sorted(set(graph.values()) - modules.keys()):
            modules[species] = self.sample_module(rng, innovations)
        return assemble(replace(genotype.blueprint, graph=graph), modules)


def _chain(layer: Layer, head: tuple[int, ...], count: int, nodes: int) -> Genotype:
    """`count` layers one after another, spread over at most `nodes` blueprint nodes."""
    rng, used = np.random.default_rng(0), min(count, nodes)
    lengths = [count // used + (i < count % used) for i in range(used)]
    sizes = sorted(set(lengths))
    modules = {size: grow([layer] * size, 0.0, rng, Innovations()) for size in sizes}
    return assemble(Blueprint(grow(lengths, 0.0, rng, Innovations()), head), modules)
