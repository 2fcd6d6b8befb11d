"""Settings of DeepNEAT."""

from dataclasses import dataclass

from nas_cli.errors import ConfigError
from nas_cli.schema import choice, number
from nas_cli.strategies.speciation.settings import SpeciesSettings


@dataclass(frozen=True, kw_only=True)
class DeepNEATSettings(SpeciesSettings):
    """`generations` of `population` networks each; `attempts`: draws to find one that respects the limits.

    `start`: the first networks have the layers of networks that random search draws (random), or one layer each, as in
    the paper (minimal). `max_layers`: most convolutions of a network.

    The best `elitism` of each species stay as parents, without being trained again, beside the `population` new
    networks of each generation.

    Offspring: `crossover`, probability that it has two parents. Then, each with its probability: `add_connection`,
    `add_node`, `remove_connection`, `remove_node`; `mutate_layer`, once for every layer; `mutate_head`, one width of
    the dense layers.
    `excess`, `disjoint`, `values`: NEAT's c1, c2, c3, the weights of the parts of the distance.
    """

    name: str
    generations: int = number(1)
    attempts: int = number(1)
    start: str = choice("random", "minimal")
    max_layers: int = number(1)
    add_connection: float = number(0, 1)
    add_node: float = number(0, 1)
    remove_connection: float = number(0, 1)
    remove_node: float = number(0, 1)
    mutate_layer: float = number(0, 1)
    mutate_head: float = number(0, 1)
    crossover: float = number(0, 1)
    excess: float = number(0)
    disjoint: float = number(0)
    values: float = number(0)

    def __post_init__(self) -> None:
        if max(self.add_connection, self.add_node, self.mutate_layer, self.mutate_head) <= 0:
            raise ConfigError("strategy.mutate_layer, mutate_head, add_node or add_connection must be above 0.")

    @property
    def mutation(self) -> float:
        """The probability of offspring with one parent."""
        return 1.0 - self.crossover
