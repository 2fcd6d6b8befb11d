"""How NEAT's genomes differ and change."""

from typing import final

import numpy as np

from nas_cli.spaces.dense import DenseSpace
from nas_cli.spaces.dense_crossover import cross_genomes, difference
from nas_cli.spaces.dense_genome import Genome
from nas_cli.spaces.dense_mutation import add_connection, add_neuron, change_activation, mutate_weights
from nas_cli.strategies.neat.settings import NEATSettings


@final
class NEATOperators:
    """Distance, mutation and crossover with the settings' probabilities; `innovations` are the population's marks."""

    def __init__(self, settings: NEATSettings, space: DenseSpace) -> None:
        self._settings = settings
        self._space = space
        self.innovations = space.innovations()

    def distance(self, first: Genome, second: Genome) -> float:
        """c1·E/N + c2·D/N + c3·W̄ (equation 1); N is 1 where both genomes have fewer than `small` connections.

        Deviation: the biases, which are connections in the paper, count in W̄ only: all networks have one per neuron.
        """
        apart, settings = difference(first, second), self._settings
        topology = settings.excess * apart.excess + settings.disjoint * apart.disjoint
        genes = 1 if apart.larger < settings.small else apart.larger
        return topology / genes + settings.weights * apart.weights

    def mutate(self, genome: Genome, rng: np.random.Generator) -> Genome:
        """The genome after each mutation has had its chance; it may be unchanged."""
        settings, space = self._settings, self._space
        chances = rng.random(4)
        if chances[0] < settings.add_node:
            genome = add_neuron(genome, space.settings, space.ends, rng, self.innovations) or genome
        if chances[1] < settings.add_connection:
            genome = add_connection(genome, space.settings, space.ends, rng, self.innovations) or genome
        if chances[2] < settings.activation:
            genome = change_activation(genome, space.settings.activations, space.ends, rng) or genome
        if chances[3] < settings.mutate_weights:
            genome = mutate_weights(genome, space.settings, settings.perturb, rng)
        return genome

    def cross(self, fitter: Genome, other: Genome, equal: bool, rng: np.random.Generator) -> Genome:
        limit = self._space.settings.max_hidden + self._space.ends.outputs
        disabled = self._settings.stay_disabled
        return cross_genomes(fitter, other, rng, equal=equal, stay_disabled=disabled, max_nodes=limit)
