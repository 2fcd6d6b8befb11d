"""The networks of a generation: a blueprint each, and one module per species that it names."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import final

import numpy as np

from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.genotype import Blueprint, Genotype, Module
from nas_cli.spaces.modular import ModularSpace
from nas_cli.strategies.contract import Admissible
from nas_cli.strategies.speciation.individual import Individual
from nas_cli.strategies.speciation.population import Population

PATIENCE = 10
"""A blueprint is given up for a random one after this fraction (1/PATIENCE) of the attempts."""


@dataclass(frozen=True)
class Network:
    """A blueprint with the module drawn for each species, the genotype and the architecture they make."""

    blueprint: Individual[Blueprint]
    modules: Mapping[int, Individual[Module]]
    genotype: Genotype
    architecture: Architecture


def network_of(
    space: ModularSpace, blueprint: Individual[Blueprint], modules: Mapping[int, Individual[Module]]
) -> Network:
    """The network of a blueprint and the given module of each species."""
    genotype = space.assemble(blueprint.genome, {species: module.genome for species, module in modules.items()})
    return Network(blueprint, modules, genotype, space.architecture(genotype))


Rescue = Callable[[Sequence[Network], np.random.Generator], Network]
"""Makes an admissible network from new parts, given those that this generation has already.

It may change both populations, but removes no part of a network given to it.
"""


@dataclass
class Rejected:
    """Numbers of the blueprints and modules that were drawn for a network over the limits."""

    blueprints: set[int] = field(default_factory=set)
    modules: set[int] = field(default_factory=set)


@final
class Assembly:
    """Puts the networks of one generation together, from the members that the populations have at each network.

    Every blueprint is used as often as any other, give or take one. A module is drawn at random among those of its
    species that this generation has used least, so that as many as possible are evaluated (a stated deviation: the
    original draws uniformly, but assembles far more networks than there are modules). A network over the limits, or
    equal to one of this generation, is drawn again, then uniformly; after a tenth of the attempts with other
    blueprints, too, and after two tenths an equal one that was found is taken. If the attempts find nothing, `rescue`
    gives a network.
    """

    def __init__(
        self,
        space: ModularSpace,
        admissible: Admissible,
        modules: Population[Module],
        blueprints: Population[Blueprint],
        attempts: int,
        rescue: Rescue,
    ) -> None:
        self._space = space
        self._admissible = admissible
        self._modules = modules
        self._blueprints = blueprints
        self._attempts = attempts
        self._rescue = rescue
        self._turns: Counter[int] = Counter()
        self._used: Counter[int] = Counter()
        self._seen: set[str] = set()
        self.rejected = Rejected()

    def networks(self, count: int, rng: np.random.Generator) -> list[Network]:
        """`count` networks; raises what `rescue` raises."""
        order = rng.permutation(len(self._blueprints.members))
        place = {self._blueprints.members[i].id: rank for rank, i in enumerate(order)}
        made: list[Network] = []
        for _ in range(count):
            turn = min(self._blueprints.members, key=lambda b: (self._turns[b.id], place.get(b.id, len(place))))
            self._turns[turn.id] += 1
            network = self._network(turn, rng) or self._rescued(made, rng)
            self._used.update(module.id for module in network.modules.values())
            self._seen.add(network.architecture.digest())
            made.append(network)
        return made

    def _rescued(self, made: Sequence[Network], rng: np.random.Generator) -> Network:
        network = self._rescue(made, rng)
        self._turns[network.blueprint.id] += 1
        return network

    def _network(self, blueprint: Individual[Blueprint], rng: np.random.Generator) -> Network | None:
        blueprints = self._blueprints.members
        repeated = None
        for attempt in range(self._attempts):
            if repeated is not None and attempt > 2 * self._attempts / PATIENCE:
                return repeated
            if attempt > self._attempts / PATIENCE:
                blueprint = blueprints[rng.integers(len(blueprints))]
            network = network_of(self._space, blueprint, self._draw(blueprint.genome, attempt == 0, rng))
            if not self._admissible(network.architecture):
                self.rejected.blueprints.add(blueprint.id)
                self.rejected.modules.update(module.id for module in network.modules.values())
            elif network.architecture.digest() in self._seen:
                repeated = repeated or network
            else:
                return network
        return repeated

    def _draw(self, blueprint: Blueprint, least_used: bool, rng: np.random.Generator) -> dict[int, Individual[Module]]:
        members_of = {species.id: species.members for species in self._modules.species}
        drawn = {}
        for species in blueprint.species():
            members = members_of[species]
            if least_used:
                fewest = min(self._used[member.id] for member in members)
                members = tuple(member for member in members if self._used[member.id] == fewest)
            drawn[species] = members[rng.integers(len(members))]
        return drawn
