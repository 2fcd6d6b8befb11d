"""The genotype of a modular network: a blueprint, the module of each species that it names, and the head."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nas_cli.errors import ConfigError
from nas_cli.spaces.graph import Graph, graph_from_json
from nas_cli.spaces.layer import Layer, layer_from_json

Module = Graph[Layer]
"""A small graph of layers."""


@dataclass(frozen=True)
class Blueprint:
    """A graph of references to module species, and the widths of the dense layers before the output."""

    graph: Graph[int]
    head: tuple[int, ...]

    def species(self) -> tuple[int, ...]:
        """The module species that the blueprint names, each once, in ascending order."""
        return tuple(sorted(set(self.graph.values())))


@dataclass(frozen=True)
class Genotype:
    """A blueprint with one module for each species that it names, in ascending order of species."""

    blueprint: Blueprint
    modules: tuple[tuple[int, Module], ...]

    def module(self, species: int) -> Module:
        """The module that stands in for a species."""
        return dict(self.modules)[species]


def assemble(blueprint: Blueprint, modules: Mapping[int, Module]) -> Genotype:
    """The network of a blueprint with one module per species: every node of a species uses the same one.

    Raises:
        ConfigError: if a species of the blueprint has no module; further species are ignored.
    """
    missing = [species for species in blueprint.species() if species not in modules]
    if missing:
        raise ConfigError(f"the blueprint names module species {missing}, modules are given for {sorted(modules)}.")
    return Genotype(blueprint, tuple((species, modules[species]) for species in blueprint.species()))


def module_to_json(module: Module) -> Any:
    """The module as JSON values."""
    return module.to_json(Layer.to_json)


def module_from_json(value: Any) -> Module:
    """The module that `module_to_json` wrote; ConfigError for anything else."""
    return _not_empty(graph_from_json(value, layer_from_json))


def blueprint_to_json(blueprint: Blueprint) -> Any:
    """The blueprint as JSON values: {"graph": …, "head": [units, …]}."""
    return {"graph": blueprint.graph.to_json(int), "head": list(blueprint.head)}


def blueprint_from_json(value: Any) -> Blueprint:
    """The blueprint that `blueprint_to_json` wrote; ConfigError for anything else."""
    try:
        graph, head = value["graph"], tuple(int(units) for units in value["head"])
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"not a blueprint: {error!r} in {str(value)[:80]}") from error
    if any(units < 1 for units in head):
        raise ConfigError(f"a blueprint's head must have widths >= 1, got {list(head)}.")
    return Blueprint(_not_empty(graph_from_json(graph, int)), head)


def genotype_to_json(genotype: Genotype) -> Any:
    """The genotype as JSON values: {"blueprint": …, "modules": {species: …}}."""
    modules = {str(species): module_to_json(module) for species, module in genotype.modules}
    return {"blueprint": blueprint_to_json(genotype.blueprint), "modules": modules}


def genotype_from_json(value: Any) -> Genotype:
    """The genotype that `genotype_to_json` wrote; ConfigError for anything else."""
    try:
        modules = {int(species): module_from_json(item) for species, item in value["modules"].items()}
        blueprint = value["blueprint"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"not a modular genotype: {error!r} in {str(value)[:80]}") from error
    return assemble(blueprint_from_json(blueprint), modules)


def _not_empty(graph: Graph[Any]) -> Graph[Any]:
    if not graph.nodes:
        raise ConfigError("a module or blueprint must have at least one node.")
    return graph
