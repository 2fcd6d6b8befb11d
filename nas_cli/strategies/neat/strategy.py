"""NEAT: neuroevolution of augmenting topologies."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from nas_cli.errors import ConfigError
from nas_cli.spaces.dense import DenseSpace
from nas_cli.spaces.dense_genome import Genome
from nas_cli.spaces.neural_network import NeuralNetwork
from nas_cli.strategies.contract import Admissible, Outcome, Proposal
from nas_cli.strategies.exchange import best_fitness, check_told, no_network
from nas_cli.strategies.neat.breeding import Breeder, Place, places
from nas_cli.strategies.neat.operators import NEATOperators
from nas_cli.strategies.neat.settings import NEATSettings
from nas_cli.strategies.speciation.failures import network_fitness
from nas_cli.strategies.speciation.individual import Individual
from nas_cli.strategies.speciation.species import Species, recorded, speciate

FOUND, BREED, DRAW = range(1, 4)
"""What a random stream is for: each step of each generation has its own, made from (seed, generation, step)."""


@dataclass(frozen=True)
class _Member:
    """An individual with its network; its number is that of its trial."""

    individual: Individual[Genome]
    network: NeuralNetwork


@final
class NEAT:
    """Genomes of neurons and weighted connections evolve in species (Stanley & Miikkulainen 2002).

    A generation is evaluated, put into species by distance from a random member of each species of the generation
    before, and replaced by champions and offspring. The same structural mutation within a generation gets the same
    mark. Evolution sees `settings.fitness`, the fitness on the training split; which network the run chooses is up to
    the trials' own fitness, on the validation split.

    Rules where the paper has none: a failed network has the lowest fitness seen (0 if that is higher); offspring over
    the limits is bred again; a champion is evaluated again, as every trial is.
    """

    def __init__(self, settings: NEATSettings, space: DenseSpace, seed: int, admissible: Admissible) -> None:
        if not isinstance(space, DenseSpace):
            raise ConfigError(
                "strategy neat evolves single neurons with their weights: use --space dense --estimator forward (for "
                "graphs of layers there are the strategies deepneat and codeepneat)."
            )
        self._settings = settings
        self._space = space
        self._seed = seed
        self._admissible = admissible
        self._operators = NEATOperators(settings, space)
        self._breeder = Breeder(settings, self._operators)
        self._generation = 0
        self._over = False
        self._lowest = math.inf
        self._best: float | None = None
        self._improved = 0
        self._next_species = 1
        self._species: list[Species[Genome]] = []
        self._members: list[_Member] = []
        self._proposals: list[Proposal] | None = None
        self._description: Mapping[str, Any] = {"generation": 0, "species": {}, "best_so_far": None}

    def ask(self, wanted: int | None = None) -> Sequence[Proposal]:
        if self._over:
            return []
        if self._proposals is None:
            if not self._members:
                self._found()
            self._proposals = self._propose()
        return self._proposals

    def tell(self, outcomes: Sequence[Outcome]) -> None:
        check_told(outcomes, [] if self._over else [p.trial for p in self.ask()])
        if self._over:
            return
        self._record([outcome.metrics.get(self._settings.fitness, outcome.fitness) for outcome in outcomes])
        target = self._settings.target
        reached = target is not None and self._best is not None and self._best >= target
        self._over = reached or self._generation + 1 >= self._settings.generations
        if not self._over:
            self._evolve()
        self._proposals = None

    def describe(self) -> Mapping[str, Any]:
        """The generation told last: sizes, mean and best fitness of the species, by number, the size of the largest
        network in neurons and connections, and the best fitness so far.
        """
        return self._description

    def _rng(self, step: int) -> np.random.Generator:
        return np.random.default_rng((self._seed, self._generation, step))

    def _found(self) -> None:
        rng = self._rng(FOUND)
        population = range(self._settings.population)
        self._members = [self._admitted(lambda: (self._space.sample(rng), ()), trial) for trial in population]
        self._speciate([])

    def _evolve(self) -> None:
        """Replaces the members by the next generation, and puts it into species."""
        filled = places(self._species, self._settings, self._generation, self._improved)
        self._operators.innovations.next_generation()
        self._generation += 1
        rng, first = self._rng(BREED), self._generation * self._settings.population
        self._members = [self._filled(place, first + i, rng) for i, place in enumerate(filled)]
        drawn = self._rng(DRAW)
        self._speciate(
            [replace(s, representative=s.members[drawn.integers(len(s.members))].genome) for s in self._species]
        )

    def _filled(self, place: Place, trial: int, rng: np.random.Generator) -> _Member:
        champion = place.champion
        if champion is not None:
            return self._admitted(lambda: (champion.genome, (champion.id,)), trial)
        return self._admitted(lambda: self._breeder.offspring(place, rng), trial)

    def _admitted(self, breed: Any, trial: int) -> _Member:
        for _ in range(self._settings.attempts):
            genome, parents = breed()
            network = self._space.architecture(genome)
            if self._admissible(network):
                return _Member(Individual(trial, genome, parents), network)
        raise no_network(self._settings.attempts, trial)

    def _speciate(self, previous: Sequence[Species[Genome]]) -> None:
        individuals = [member.individual for member in self._members]
        threshold, distance = self._settings.distance, self._operators.distance
        self._species = speciate(individuals, previous, distance, threshold, self._next_species, self._generation)
        self._next_species = max([self._next_species, *(s.id + 1 for s in self._species)])

    def _propose(self) -> list[Proposal]:
        species = {individual.id: s.id for s in self._species for individual in s.members}
        return [self._proposal(member, species[member.individual.id]) for member in self._members]

    def _proposal(self, member: _Member, species: int) -> Proposal:
        individual = member.individual
        origin = {
            "parents": list(individual.parents),
            "species": species,
            "genotype": self._space.encode(individual.genome),
        }
        return Proposal(individual.id, self._generation, member.network, origin)

    def _record(self, told: Sequence[float | None]) -> None:
        values = network_fitness(told, self._lowest)
        self._lowest = min([self._lowest, *values])
        best = best_fitness([self._best, *told])
        if best != self._best:
            self._best, self._improved = best, self._generation
        fitness = {member.individual.id: value for member, value in zip(self._members, values, strict=True)}
        self._species = [
            recorded(replace(s, members=tuple(replace(m, fitness=fitness[m.id]) for m in s.members)), self._generation)
            for s in self._species
        ]
        self._description = self._described()

    def _described(self) -> Mapping[str, Any]:
        networks = [member.network for member in self._members]
        return {
            "generation": self._generation,
            "species": {"network": {str(s.id): len(s.members) for s in self._species}},
            "mean_fitness": {"network": {str(s.id): s.mean_fitness() for s in self._species}},
            "best_fitness": {"network": {str(s.id): s.best_fitness() for s in self._species}},
            "most_neurons": max(len(network.units) for network in networks),
            "most_connections": max(network.connections for network in networks),
            "best_so_far": self._best,
        }
