"""DeepNEAT: NEAT whose nodes are layers."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np

from nas_cli.errors import ConfigError
from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.modular import ModularSpace
from nas_cli.strategies.contract import Admissible, Outcome, Proposal
from nas_cli.strategies.deepneat.genome import DeepGenome, DeepOperators, genotype_of
from nas_cli.strategies.deepneat.settings import DeepNEATSettings
from nas_cli.strategies.exchange import best_fitness, check_told, no_network
from nas_cli.strategies.speciation.failures import network_fitness
from nas_cli.strategies.speciation.individual import Individual
from nas_cli.strategies.speciation.population import Population

FOUND, BREED, RESCUE = range(1, 4)
"""What a random stream is for: each step of each generation has its own, made from (seed, generation, step)."""


@final
class DeepNEAT:
    """One population of graphs of layers with historical marks, in species; every network is trained
    (Miikkulainen et al. 2017, arXiv:1703.00548, section 3.1).

    A network is a graph of the modular spaces' layers with their head: in their terms a blueprint of one node whose
    module is the whole graph, so that costs and models are those of the space.

    Rules of ours: the best of each species stay as parents without being trained again, and all networks of a
    generation are new ones (differing from every earlier one, as far as ten tries find such). Offspring over the limits
    is bred again, and after ten tries a random network takes its place. The start is that of random search by default;
    a minimal one would spend the few generations of a small search on growing.
    """

    def __init__(self, settings: DeepNEATSettings, space: ModularSpace, seed: int, admissible: Admissible) -> None:
        if not isinstance(space, ModularSpace):
            raise ConfigError("strategy deepneat evolves graphs of layers: use --space thesis_small or thesis_large.")
        self._settings = settings
        self._space = space
        self._seed = seed
        self._admissible = admissible
        self._operators = DeepOperators(settings, space)
        self._population: Population[DeepGenome] = Population(settings, self._operators, elites_extra=True)
        self._generation = 0
        self._lowest = math.inf
        self._best: float | None = None
        self._seen: set[str] = set()
        self._trials: dict[int, int] = {}
        self._batch: list[Individual[DeepGenome]] = []
        self._proposals: list[Proposal] | None = None
        self._description: Mapping[str, Any] = {"generation": 0, "species": {}, "best_so_far": None}

    def ask(self, wanted: int | None = None) -> Sequence[Proposal]:
        if self._generation >= self._settings.generations:
            return []
        if self._proposals is None:
            if not self._batch:
                self._found()
            self._proposals = [self._proposal(member, self._trials[member.id]) for member in self._batch]
        return self._proposals

    def tell(self, outcomes: Sequence[Outcome]) -> None:
        check_told(outcomes, [proposal.trial for proposal in self.ask()])
        if self._generation >= self._settings.generations:
            return
        told = [outcome.fitness for outcome in outcomes]
        values = network_fitness(told, self._lowest)
        self._lowest, self._best = min([self._lowest, *values]), best_fitness([self._best, *told])
        fitness = {member.id: value for member, value in zip(self._batch, values, strict=True)}
        self._population.evaluate(fitness, (), self._generation)
        self._description = self._described()
        if self._generation + 1 < self._settings.generations:
            self._evolve()
        self._generation += 1
        self._proposals = None

    def describe(self) -> Mapping[str, Any]:
        """The generation told last: sizes, mean and best fitness of the species by number (parents that stayed are
        members), the threshold, and the best fitness so far.
        """
        return self._description

    def _rng(self, step: int) -> np.random.Generator:
        return np.random.default_rng((self._seed, self._generation, step))

    def _found(self) -> None:
        rng = self._rng(FOUND)
        genomes = [self._sample(rng, trial) for trial in range(self._settings.population)]
        self._population.found(genomes)
        self._take_in(0)

    def _sample(self, rng: np.random.Generator, trial: int) -> DeepGenome:
        for _ in range(self._settings.attempts):
            genome = self._operators.sample(rng)
            if self._admissible(self._architecture(genome)):
                return genome
        raise no_network(self._settings.attempts, trial)

    def _evolve(self) -> None:
        self._operators.innovations.next_generation()
        bred: set[str] = set()

        def fresh(genome: DeepGenome, rng: np.random.Generator) -> bool:
            architecture = self._architecture(genome)
            digest = architecture.digest()
            if digest in self._seen or digest in bred or not self._admissible(architecture):
                return False
            bred.add(digest)
            return True

        self._population.evolve(self._generation, fresh, self._rng(BREED))
        self._take_in((self._generation + 1) * self._settings.population)

    def _take_in(self, first: int) -> None:
        """Gives the new members their trials, from `first`, in order of birth, and replaces those over the limits."""
        new = sorted((m.id, m) for m in self._population.members if m.id not in self._trials)
        rescue = self._rng(RESCUE)
        replaced = {
            id: self._sample(rescue, first + i)
            for i, (id, member) in enumerate(new)
            if not self._admissible(self._architecture(member.genome))
        }
        self._population.rewrite(replaced)
        self._trials |= {id: first + i for i, (id, _) in enumerate(new)}
        born = {id for id, _ in new}
        self._batch = sorted((m for m in self._population.members if m.id in born), key=lambda m: m.id)
        self._seen |= {self._architecture(member.genome).digest() for member in self._batch}

    def _architecture(self, genome: DeepGenome) -> Architecture:
        return self._space.architecture(genotype_of(genome))

    def _proposal(self, member: Individual[DeepGenome], trial: int) -> Proposal:
        genotype = genotype_of(member.genome)
        parents = [self._trials[parent] for parent in member.parents]
        species = next(s.id for s in self._population.species if member in s.members)
        origin = {"parents": parents, "species": species, "genotype": self._space.encode(genotype)}
        return Proposal(
            trial,
            self._generation,
            self._space.architecture(genotype),
            origin,
            parts={place.layer: f"layer {place.mark}" for place in self._space.places(genotype)},
            parent=parents[0] if parents else None,
        )

    def _described(self) -> Mapping[str, Any]:
        described = self._population.describe()
        return {
            "generation": self._generation,
            "species": {"network": described["sizes"]},
            "mean_fitness": {"network": described["mean_fitness"]},
            "best_fitness": {"network": described["best_fitness"]},
            "threshold": {"network": described["threshold"]},
            "best_so_far": self._best,
        }
