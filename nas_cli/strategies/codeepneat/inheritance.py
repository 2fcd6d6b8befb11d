"""Strategy A of the CoDeepNEAT/MorphNet thesis: compressed modules go back into the populations (section 3.5)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from nas_cli.spaces.genotype import Blueprint, Module
from nas_cli.spaces.graph_mutation import without_node
from nas_cli.spaces.innovations import Innovations
from nas_cli.spaces.modular_network import Place
from nas_cli.strategies.codeepneat.assembly import Network
from nas_cli.strategies.contract import Outcome
from nas_cli.strategies.exchange import finite


@dataclass(frozen=True)
class Scored:
    """A network, the origin of its convolutions, and what became of it."""

    network: Network
    places: Sequence[Place]
    outcome: Outcome


@dataclass
class Inheritance:
    """New genomes by number of the module or blueprint."""

    modules: dict[int, Module] = field(default_factory=dict)
    blueprints: dict[int, Blueprint] = field(default_factory=dict)


@dataclass(frozen=True)
class _Version:
    """A module as one blueprint node of one network has it after compression.

    `alive`: channels found alive in all its layers together. `flops`: of its layers at that place.
    """

    node: int
    module: Module
    alive: int
    flops: int


def inherit(scored: Iterable[Scored], innovations: Innovations) -> Inheritance:
    """What the populations take over from compressed networks (Algorithm 2, *applyModuleOptimization*).

    Networks in order of falling fitness, the earlier trial first among equals; networks that failed or were not
    compressed do not take part. Each module not marked yet takes the version that this network made of it, of several
    versions the one with most FLOPs, and is marked.

    Rules of ours, where the thesis only says that removed layers can be reflected in the blueprint: a blueprint node
    whose layers have no channel alive leaves the blueprint of the best network that contains it, the oldest first, as
    long as one node is left; each blueprint changes once. Such a version is not inherited: a module dead at every
    place keeps its genome, and is marked. A layer without a channel in a module that has others keeps one.
    """
    inheritance, marked, seen = Inheritance(), set[int](), set[int]()
    for one in sorted(filter(_compressed, scored), key=lambda one: (-(one.outcome.fitness or 0.0), one.outcome.trial)):
        dead: list[int] = []
        for species, individual in sorted(one.network.modules.items()):
            versions = _versions(one, species, individual.genome)
            dead += [version.node for version in versions if not version.alive]
            living = [version for version in versions if version.alive]
            if living and individual.id not in marked:
                inheritance.modules[individual.id] = max(living, key=lambda version: version.flops).module
            marked.add(individual.id)
        blueprint = one.network.blueprint
        if dead and blueprint.id not in seen:
            inheritance.blueprints[blueprint.id] = _without(blueprint.genome, sorted(dead), innovations)
        seen.add(blueprint.id)
    return inheritance


def _compressed(one: Scored) -> bool:
    return finite(one.outcome.fitness) is not None and one.outcome.alive is not None


def _versions(one: Scored, species: int, module: Module) -> list[_Version]:
    nodes = dict.fromkeys(place.node for place in one.places if place.species == species)
    return [_version(one.outcome, module, [p for p in one.places if p.node == node]) for node in sorted(nodes)]


def _version(outcome: Outcome, module: Module, places: Sequence[Place]) -> _Version:
    alive, sizes, flops = outcome.alive or {}, outcome.sizes or {}, outcome.layer_flops or {}
    for place in places:
        layer = module.value(place.mark)
        width = max(1, sizes.get(place.layer, layer.filters))
        module = module.with_value(place.mark, replace(layer, filters=width))
    names = [place.layer for place in places]
    # A layer that the compression does not speak of was not touched: it lives.
    living = sum(alive.get(name, 1) for name in names)
    return _Version(places[0].node, module, living, sum(flops.get(name, 0) for name in names))


def _without(blueprint: Blueprint, nodes: Sequence[int], innovations: Innovations) -> Blueprint:
    graph = blueprint.graph
    for node in nodes:
        if len(graph.nodes) > 1:
            graph = without_node(graph, node, innovations)
    return replace(blueprint, graph=graph)
