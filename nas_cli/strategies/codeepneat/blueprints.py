"""How blueprints differ and change, and what becomes of references to extinct module species."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import final

import numpy as np

from nas_cli.spaces.genotype import Blueprint, Module
from nas_cli.spaces.graph import Graph
from nas_cli.spaces.graph_crossover import align, cross_graphs
from nas_cli.spaces.graph_mutation import add_link, add_node, remove_link, remove_node
from nas_cli.spaces.innovations import Innovations
from nas_cli.spaces.layer import ratio
from nas_cli.spaces.modular_mutation import change_value, mutate_head
from nas_cli.spaces.modular_settings import ModularSpaceSettings
from nas_cli.strategies.codeepneat.settings import BlueprintPopulationSettings

Change = Callable[[Blueprint, np.random.Generator], Blueprint | None]


@final
class BlueprintOperators:
    """Distance, mutation and crossover of blueprints; `species` are the module species that exist now.

    Deviation: the operator that changes the optimizer in the maintained implementation changes the head here; the
    learning rate belongs to the estimator and is no gene.
    """

    def __init__(
        self, space: ModularSpaceSettings, settings: BlueprintPopulationSettings, innovations: Innovations
    ) -> None:
        self._space = space
        self._settings = settings
        self._innovations = innovations
        self.species: Sequence[int] = ()

    def distance(self, first: Blueprint, second: Blueprint) -> float:
        """NEAT's distance c1·E/N + c2·D/N + c3·W (Stanley & Miikkulainen 2002, equation 1).

        N: genes (nodes and links) of the larger graph. W: mean difference of matching nodes (1 if they name different
        species) and of the widths of the head (1 − min/max).
        """
        alignment = align(first.graph, second.graph)
        parts = [float(one != two) for one, two in alignment.values]
        parts += [1.0 - ratio(one, two) for one, two in zip(first.head, second.head, strict=True)]
        mean = sum(parts) / len(parts) if parts else 0.0
        topology = self._settings.excess * alignment.excess + self._settings.disjoint * alignment.disjoint
        return topology / alignment.larger + self._settings.values * mean

    def mutate(self, genome: Blueprint, rng: np.random.Generator) -> Blueprint:
        """One operator, drawn by its frequency; where it cannot be applied another one is drawn."""
        changes = self._changes()
        while changes:
            frequencies = np.array([frequency for frequency, _ in changes])
            _, change = changes.pop(int(rng.choice(len(changes), p=frequencies / frequencies.sum())))
            changed = change(genome, rng)
            if changed is not None:
                return changed
        return genome

    def cross(self, fitter: Blueprint, other: Blueprint, equal: bool, rng: np.random.Generator) -> Blueprint:
        limit = self._space.max_blueprint_nodes
        graph = cross_graphs(fitter.graph, other.graph, rng, equal=equal, max_nodes=limit)
        pairs = zip(fitter.head, other.head, strict=True)
        return Blueprint(graph, tuple(one if rng.random() < 0.5 else two for one, two in pairs))

    def _changes(self) -> list[tuple[float, Change]]:
        settings, innovations = self._settings, self._innovations
        changes: list[tuple[float, Change]] = [
            (settings.add_connection, lambda b, rng: _with(b, add_link(b.graph, rng, innovations))),
            (settings.add_node, self._add_node),
            (settings.remove_connection, lambda b, rng: _with(b, remove_link(b.graph, rng))),
            (settings.remove_node, lambda b, rng: _with(b, remove_node(b.graph, rng, innovations))),
            (settings.change_species, lambda b, rng: _with(b, change_value(b.graph, self.species, rng))),
            (settings.mutate_head, self._mutate_head),
        ]
        return [change for change in changes if change[0] > 0]

    def _add_node(self, blueprint: Blueprint, rng: np.random.Generator) -> Blueprint | None:
        if len(blueprint.graph.nodes) >= self._space.max_blueprint_nodes:
            return None
        species = self.species[rng.integers(len(self.species))]
        return _with(blueprint, add_node(blueprint.graph, species, rng, self._innovations))

    def _mutate_head(self, blueprint: Blueprint, rng: np.random.Generator) -> Blueprint | None:
        head = mutate_head(blueprint.head, self._space, rng)
        return None if head is None else replace(blueprint, head=head)


def heirs(
    gone: Mapping[int, Module], present: Mapping[int, Module], distance: Callable[[Module, Module], float]
) -> dict[int, int]:
    """For each extinct module species the present one that takes its place in blueprints.

    Rule: the one whose representative is nearest to the extinct species' last representative, the oldest of equals.
    """
    return {
        old: min(sorted(present), key=lambda new: distance(module, present[new]))
        for old, module in sorted(gone.items())
    }


def redirected(blueprint: Blueprint, heir: Mapping[int, int]) -> Blueprint:
    """The blueprint with every extinct species replaced by its heir."""
    graph = blueprint.graph
    for gene in graph.nodes:
        graph = graph.with_value(gene.mark, heir.get(gene.value, gene.value))
    return replace(blueprint, graph=graph)


def _with(blueprint: Blueprint, graph: Graph[int] | None) -> Blueprint | None:
    return None if graph is None else replace(blueprint, graph=graph)
