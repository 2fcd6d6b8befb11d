"""How modules differ and change."""

from typing import final

import numpy as np

from nas_cli.spaces.genotype import Module
from nas_cli.spaces.graph_crossover import align, cross_graphs
from nas_cli.spaces.innovations import Innovations
from nas_cli.spaces.layer import congruence, mix_layers
from nas_cli.spaces.modular_mutation import mutate_module
from nas_cli.spaces.modular_settings import ModularSpaceSettings


@final
class ModuleOperators:
    """Distance, mutation and crossover of modules; `structure` is the probability of a structural mutation."""

    def __init__(self, space: ModularSpaceSettings, structure: float, innovations: Innovations) -> None:
        self._space = space
        self._structure = structure
        self._innovations = innovations

    def distance(self, first: Module, second: Module) -> float:
        """1 − (1 − u)·c, in [0, 1]: c is the mean congruence of matching layers, u the share of unmatched genes.

        For two single layers of common descent this is 1 − congruence; without a matching layer it is 1.
        """
        alignment = align(first, second)
        if not alignment.values:
            return 1.0
        mean = sum(congruence(*pair) for pair in alignment.values) / len(alignment.values)
        return 1.0 - (1.0 - alignment.unmatched_share) * mean

    def mutate(self, genome: Module, rng: np.random.Generator) -> Module:
        return mutate_module(genome, self._space, self._structure, rng, self._innovations)

    def cross(self, fitter: Module, other: Module, equal: bool, rng: np.random.Generator) -> Module:
        limit = self._space.max_module_layers
        return cross_graphs(fitter, other, rng, equal=equal, max_nodes=limit, mix=mix_layers)
