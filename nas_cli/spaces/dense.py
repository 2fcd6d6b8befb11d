"""The space of NEAT's networks."""

from collections.abc import Callable, Iterator
from typing import Any, final

import numpy as np

from nas_cli.errors import ConfigError
from nas_cli.spaces.candidate import Candidate
from nas_cli.spaces.dense_crossover import cross_genomes
from nas_cli.spaces.dense_genome import Ends, Genome, genome_from_json, network_of
from nas_cli.spaces.dense_mutation import (
    add_connection,
    add_neuron,
    change_activation,
    free_pairs,
    joined,
    minimal,
    mutate_weights,
    split,
    toggled,
)
from nas_cli.spaces.dense_settings import DenseSettings
from nas_cli.spaces.innovations import Innovations
from nas_cli.spaces.neural_network import NeuralNetwork

__all__ = ["DenseSettings", "DenseSpace"]

PERTURBED = 0.9
STAY_DISABLED = 0.75
"""NEAT's constants, for `mutate` and `cross`; the strategy `neat` has its own settings."""


@final
class DenseSpace:
    """Feed-forward networks of single neurons with their weights (Stanley & Miikkulainen 2002). Recurrent ones, which
    the paper allows, are not in the space.

    Inputs are the features of a table. One output for regression (linear) and for two classes (a sigmoid, the second
    class above 0.5), else one sigmoid per class.
    """

    def __init__(self, settings: DenseSettings, input_shape: tuple[int, ...], classes: int) -> None:
        if len(input_shape) != 1:
            raise ConfigError(
                f"space '{settings.name}' needs tables (boston, xor), its networks have one weight per input; this "
                f"data set has images {input_shape}: use space thesis_small, thesis_large, chain or cell."
            )
        self.settings = settings
        self.input_shape = (input_shape[0],)
        self.classes = classes
        outputs = classes if classes > 2 else 1
        self.ends = Ends(input_shape[0], outputs, "linear" if classes == 1 else "sigmoid")

    def innovations(self) -> Innovations:
        """A register of historical marks for a population that starts from samples of the space."""
        return Innovations(self.ends.first_links)

    def sample(self, rng: np.random.Generator) -> Genome:
        """NEAT's minimal start: no hidden neurons, all inputs joined to all outputs, random weights."""
        return minimal(self.settings, self.ends, rng)

    def mutate(self, genotype: Genome, rng: np.random.Generator) -> Genome:
        """Other weights, or a connection, a neuron or another activation, each as likely."""
        innovations = Innovations.after([genotype], self.ends.first_links)
        settings, ends = self.settings, self.ends
        changes: list[Callable[[], Genome | None]] = [
            lambda: mutate_weights(genotype, settings, PERTURBED, rng),
            lambda: add_connection(genotype, settings, ends, rng, innovations),
            lambda: add_neuron(genotype, settings, ends, rng, innovations),
            lambda: change_activation(genotype, settings.activations, ends, rng),
        ]
        while True:
            changed = changes[rng.integers(len(changes))]()
            if changed is not None and changed != genotype:
                return changed

    def cross(self, first: Genome, second: Genome, rng: np.random.Generator) -> Genome:
        """A child of two genotypes, aligned by historical mark; `first` is the fitter one. A child of one genotype
        with itself is that genotype."""
        if first == second:
            return first
        limit = self.settings.max_hidden + self.ends.outputs
        return cross_genomes(first, second, rng, equal=False, stay_disabled=STAY_DISABLED, max_nodes=limit)

    def neighbours(self, genotype: Genome) -> Iterator[Genome]:
        """One connection more (of weight 1), switched on or off, or with a neuron in it; weights stay as they are."""
        for pair in free_pairs(genotype, self.ends):
            yield joined(genotype, pair, 1.0, Innovations.after([genotype], self.ends.first_links))
        for link in genotype.links:
            yield toggled(genotype, link)
        if len(genotype.nodes) - self.ends.outputs >= self.settings.max_hidden:
            return
        for link in genotype.links:
            for activation in self.settings.activations if link.enabled else ():
                register = Innovations.after([genotype], self.ends.first_links)
                yield split(genotype, link, activation, register)

    def encode(self, genotype: Genome) -> Any:
        return genotype.to_json()

    def decode(self, value: Any) -> Genome:
        return genome_from_json(value, self.ends)

    def architecture(self, genotype: Genome) -> NeuralNetwork:
        return network_of(genotype, self.ends)

    def cost(self, candidate: Candidate) -> dict[str, int]:
        """{"macs", "flops", "params"} of a network of the space."""
        if not isinstance(candidate, NeuralNetwork):
            raise ConfigError(f"space '{self.settings.name}' knows the cost of its own networks only.")
        return candidate.cost()

    def size(self) -> float | None:
        """None: there are as many genotypes as weights, and graphs are not counted."""
        return None
