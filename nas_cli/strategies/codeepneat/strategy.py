"""CoDeepNEAT: search by two populations that evolve together."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np

from nas_cli.errors import ConfigError
from nas_cli.spaces.genotype import Blueprint, Genotype, Module
from nas_cli.spaces.innovations import Innovations
from nas_cli.spaces.modular import ModularSpace
from nas_cli.strategies.codeepneat.assembly import Assembly, Network, Rejected, network_of
from nas_cli.strategies.codeepneat.attribution import attribute
from nas_cli.strategies.codeepneat.blueprints import BlueprintOperators, heirs, redirected
from nas_cli.strategies.codeepneat.inheritance import Scored, inherit
from nas_cli.strategies.codeepneat.modules import ModuleOperators
from nas_cli.strategies.codeepneat.saved import SavedPopulation, saved_population
from nas_cli.strategies.codeepneat.settings import CoDeepNEATSettings
from nas_cli.strategies.codeepneat.viability import Viability
from nas_cli.strategies.contract import Admissible, Outcome, Proposal
from nas_cli.strategies.exchange import best_fitness, check_told, no_network
from nas_cli.strategies.speciation.failures import network_fitness
from nas_cli.strategies.speciation.individual import Individual
from nas_cli.strategies.speciation.population import Population
from nas_cli.strategies.speciation.reproduction import breed_viable

FOUND, ASSEMBLE, MODULES, BLUEPRINTS = range(1, 5)
"""What a random stream is for: each step of each generation has its own, made from (seed, generation, step)."""


@final
class CoDeepNEAT:
    """Modules and blueprints evolve apart, both in species; networks assembled from them are evaluated
    (Miikkulainen et al. 2017, arXiv:1703.00548; the order of steps is Algorithm 1 of the CoDeepNEAT/MorphNet thesis).

    A generation: assemble networks; their fitness goes to their modules and blueprints; each population replaces its
    members by elites and offspring and is put into species anew; blueprints that name an extinct module species are
    redirected to the nearest one. The first modules are those of random networks within the limits, and the first
    blueprints are drawn as `ModularSpace.sample` draws: so the start is that of random search. (NEAT's minimal start
    would spend the few generations of a small search on growing.) With `inheritance`, what compression made of the
    networks goes into both populations before they reproduce.
    """

    def __init__(self, settings: CoDeepNEATSettings, space: ModularSpace, seed: int, admissible: Admissible) -> None:
        if not isinstance(space, ModularSpace):
            raise ConfigError(
                "strategy codeepneat evolves modules and blueprints: use --space thesis_small or thesis_large."
            )
        self._settings = settings
        self._space = space
        self._seed = seed
        self._admissible = admissible
        self._generation = 0
        self._batch: list[Network] | None = None
        self._rejected = Rejected()
        self._lowest = math.inf
        self._best: float | None = None
        self._saved: SavedPopulation | None = None
        self._first: Mapping[str, Any] = {}
        self._innovations = (Innovations(), Innovations())
        if settings.initial_population is None:
            self._make_populations()
            self._found()
        else:
            self._restore(SavedPopulation(settings.initial_population))
        self._description = self._described()

    def ask(self, wanted: int | None = None) -> Sequence[Proposal]:
        if self._generation >= self._settings.generations:
            return []
        networks = self._networks()
        return [self._proposal(network, self._first_trial + i) for i, network in enumerate(networks)]

    def tell(self, outcomes: Sequence[Outcome]) -> None:
        over = self._generation >= self._settings.generations
        count = 0 if over else self._settings.population
        check_told(outcomes, range(self._first_trial, self._first_trial + count))
        if over:
            return
        self._attribute([outcome.fitness for outcome in outcomes])
        self._description = self._described()
        if self._settings.inheritance == "modules":
            self._inherit(outcomes)
        if self._generation + 1 < self._settings.generations:
            self._evolve()
        self._generation += 1
        self._batch = None

    def describe(self) -> Mapping[str, Any]:
        """The generation told last (before that, the first one): sizes, mean and best measured fitness of the
        species of modules and blueprints by species number, both thresholds, and the best fitness so far.
        """
        return self._description

    def population_json(self) -> Mapping[str, Any]:
        """The first generation for `initial_population`: modules, blueprints and networks, as JSON values."""
        if not self._first:
            self._networks()
        return self._first

    @property
    def _first_trial(self) -> int:
        return self._generation * self._settings.population

    def _rng(self, step: int) -> np.random.Generator:
        return np.random.default_rng((self._seed, self._generation, step))

    def _make_populations(self) -> None:
        settings, space = self._settings, self._space.settings
        for_modules, for_blueprints = self._innovations
        self._module_operators = ModuleOperators(space, settings.modules.structure, for_modules)
        self._blueprint_operators = BlueprintOperators(space, settings.blueprints, for_blueprints)
        self._modules: Population[Module] = Population(settings.modules, self._module_operators)
        self._blueprints: Population[Blueprint] = Population(settings.blueprints, self._blueprint_operators)

    def _found(self) -> None:
        rng, (_, for_blueprints) = self._rng(FOUND), self._innovations
        modules: list[Module] = []
        while len(modules) < self._settings.modules.population:
            modules += [module for _, module in self._sample(rng, 0).modules]
        self._modules.found(modules[: self._settings.modules.population])
        species = [s.id for s in self._modules.species]
        count = self._settings.blueprints.population
        viability = self._viability()

        def sample() -> tuple[Blueprint, tuple[int, ...]]:
            return self._space.sample_blueprint(rng, for_blueprints, species), ()

        drawn = [breed_viable(sample, lambda blueprint: viability.blueprint(blueprint, rng)) for _ in range(count)]
        self._blueprints.found([blueprint for blueprint, _ in drawn])
        self._blueprint_operators.species = species

    def _restore(self, saved: SavedPopulation) -> None:
        settings = self._settings
        saved.check_sizes(
            settings.modules.population,
            settings.blueprints.population,
            settings.population,
            self._space.settings.dense_layers,
        )
        self._saved = saved
        self._innovations = (
            Innovations.after(m.genome for m in saved.modules.members),
            Innovations.after(m.genome.graph for m in saved.blueprints.members),
        )
        self._make_populations()
        self._modules.restore(saved.modules.species, saved.modules.threshold)
        self._blueprints.restore(saved.blueprints.species, saved.blueprints.threshold)
        self._blueprint_operators.species = [s.id for s in saved.modules.species]

    def _networks(self) -> list[Network]:
        if self._batch is None:
            parts, attempts = (self._modules, self._blueprints), self._settings.attempts
            assembly = Assembly(self._space, self._admissible, *parts, attempts, self._immigrant)
            if self._saved is not None and self._generation == 0:
                self._batch = self._saved_networks(self._saved)
            else:
                self._batch = assembly.networks(self._settings.population, self._rng(ASSEMBLE))
            self._rejected = assembly.rejected
            if self._generation == 0:
                self._first = saved_population(self._modules, self._blueprints, self._batch)
        return self._batch

    def _immigrant(self, made: Sequence[Network], rng: np.random.Generator) -> Network:
        """A new random network within the limits, whose parts join the populations.

        It is what keeps the search alive where the populations hold no admissible network any more, and the last
        resort: what `attempts` samples of the space do not find, the limits do not leave room for.
        """
        return self._admitted(self._sample(rng, self._first_trial + len(made)), made)

    def _sample(self, rng: np.random.Generator, trial: int) -> Genotype:
        for _ in range(self._settings.attempts):
            genotype = self._space.sample(rng, *self._innovations)
            if self._admissible(self._space.architecture(genotype)):
                return genotype
        raise no_network(self._settings.attempts, trial)

    def _admitted(self, genotype: Genotype, made: Sequence[Network]) -> Network:
        before = self._representatives()
        busy = [{m.id for n in made for m in n.modules.values()}, {n.blueprint.id for n in made}]
        places: dict[int, int] = {}
        modules: dict[int, Individual[Module]] = {}
        for number, module in genotype.modules:
            species = self._modules.admit(module, self._generation, busy[0])
            busy[0].add(species.members[0].id)
            places[number] = species.id
            modules[species.id] = species.members[0]
        self._redirect(before)
        blueprint = redirected(genotype.blueprint, places)
        individual = self._blueprints.admit(blueprint, self._generation, busy[1]).members[0]
        return network_of(self._space, individual, modules)

    def _saved_networks(self, saved: SavedPopulation) -> list[Network]:
        networks = [network_of(self._space, blueprint, modules) for blueprint, modules in saved.networks]
        for i, network in enumerate(networks):
            if not self._admissible(network.architecture):
                raise ConfigError(
                    f"network {i} of strategy.initial_population '{self._settings.initial_population}' exceeds the "
                    "limits: use the limits (space.max_flops, …) and the data set that it was saved with."
                )
        return networks

    def _proposal(self, network: Network, trial: int) -> Proposal:
        modules = sorted(network.modules.items())
        origin = {
            "blueprint": network.blueprint.id,
            "blueprint_parents": list(network.blueprint.parents),
            "modules": {str(species): module.id for species, module in modules},
            "module_parents": {str(species): list(module.parents) for species, module in modules},
            "genotype": self._space.encode(network.genotype),
        }
        numbers = {species: module.id for species, module in modules}
        places = self._space.places(network.genotype)
        return Proposal(
            trial,
            self._generation,
            network.architecture,
            origin,
            compress=self._generation % self._settings.compress_every == 0,
            parts={place.layer: f"module {numbers[place.species]} layer {place.mark}" for place in places},
        )

    def _attribute(self, told: Sequence[float | None]) -> None:
        networks = self._networks()
        fitness = network_fitness(told, self._lowest)
        self._lowest = min([self._lowest, *fitness])
        self._best = best_fitness([self._best, *told])
        how, generation = self._settings.fitness, self._generation
        pairs = list(zip(fitness, networks, strict=True))
        modules = attribute([(value, [m.id for m in n.modules.values()]) for value, n in pairs], how)
        blueprints = attribute([(value, [n.blueprint.id]) for value, n in pairs], how)
        self._modules.evaluate(modules, self._rejected.modules, generation)
        self._blueprints.evaluate(blueprints, self._rejected.blueprints, generation)

    def _inherit(self, outcomes: Sequence[Outcome]) -> None:
        pairs = zip(self._networks(), outcomes, strict=True)
        scored = [Scored(network, self._space.places(network.genotype), told) for network, told in pairs]
        inheritance = inherit(scored, self._innovations[1])
        self._modules.rewrite(inheritance.modules)
        self._blueprints.rewrite(inheritance.blueprints)

    def _evolve(self) -> None:
        for innovations in self._innovations:
            innovations.next_generation()
        before = self._representatives()
        genomes, old = [member.genome for member in self._blueprints.members], self._viability()
        self._modules.evolve(self._generation, lambda module, rng: old.module(module, genomes, rng), self._rng(MODULES))
        self._redirect(before)
        self._blueprint_operators.species = sorted(self._representatives())
        self._blueprints.evolve(self._generation, self._viability().blueprint, self._rng(BLUEPRINTS))

    def _viability(self) -> Viability:
        return Viability(self._space, self._admissible, self._modules.species)

    def _representatives(self) -> dict[int, Module]:
        return {species.id: species.representative for species in self._modules.species}

    def _redirect(self, before: Mapping[int, Module]) -> None:
        """Point the blueprints to module species that exist, before networks or offspring are made of them; `before`
        are the representatives of those that they may name.
        """
        after = self._representatives()
        gone = {key: module for key, module in before.items() if key not in after}
        heir = heirs(gone, after, self._module_operators.distance)
        self._blueprints.change(lambda blueprint: redirected(blueprint, heir))

    def _described(self) -> dict[str, Any]:
        parts = {"module": self._modules.describe(), "blueprint": self._blueprints.describe()}
        return {
            "generation": self._generation,
            "species": {kind: part["sizes"] for kind, part in parts.items()},
            "mean_fitness": {kind: part["mean_fitness"] for kind, part in parts.items()},
            "best_fitness": {kind: part["best_fitness"] for kind, part in parts.items()},
            "threshold": {kind: part["threshold"] for kind, part in parts.items()},
            "best_so_far": self._best,
        }
