"""Whether a genome can be part of a network within the limits."""

from collections.abc import Sequence
from typing import final

import numpy as np

from nas_cli.spaces.genotype import Blueprint, Module
from nas_cli.spaces.modular import ModularSpace
from nas_cli.strategies.contract import Admissible
from nas_cli.strategies.speciation.species import Species

DRAWS = 20
"""Networks drawn for a genome before it counts as not viable."""


@final
class Viability:
    """Tries genomes in random networks; a genome is viable as soon as one of DRAWS networks is admissible."""

    def __init__(self, space: ModularSpace, admissible: Admissible, modules: Sequence[Species[Module]]) -> None:
        self._space = space
        self._admissible = admissible
        self._modules = {s.id: [member.genome for member in s.members] for s in modules}

    def blueprint(self, blueprint: Blueprint, rng: np.random.Generator) -> bool:
        """True if the blueprint is viable with the modules of the species that it names."""
        return any(self._admits(blueprint, self._drawn(blueprint, rng)) for _ in range(DRAWS))

    def module(self, module: Module, blueprints: Sequence[Blueprint], rng: np.random.Generator) -> bool:
        """True if the module is viable in the place of a random species of one of the blueprints."""
        for _ in range(DRAWS):
            blueprint = blueprints[rng.integers(len(blueprints))]
            species = blueprint.species()
            place = species[rng.integers(len(species))]
            if self._admits(blueprint, {**self._drawn(blueprint, rng), place: module}):
                return True
        return False

    def _drawn(self, blueprint: Blueprint, rng: np.random.Generator) -> dict[int, Module]:
        drawn = {}
        for species in blueprint.species():
            members = self._modules[species]
            drawn[species] = members[rng.integers(len(members))]
        return drawn

    def _admits(self, blueprint: Blueprint, modules: dict[int, Module]) -> bool:
        return self._admissible(self._space.architecture(self._space.assemble(blueprint, modules)))
