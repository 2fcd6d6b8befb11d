"""Settings of the network morphism strategy."""

from dataclasses import dataclass

from nas_cli.errors import ConfigError
from nas_cli.schema import choice, number


@dataclass(frozen=True)
class NetworkMorphismSettings:
    """`generations` of `population` networks each; the first are random networks of the space.

    `changes`: random changes from a parent to a child. `widen`: factors by which a layer may become wider, each equally
    likely. `choice`: children are drawn at random, or chosen by a Gaussian process (bayesian) from `neighbours` drawn
    ones, as those with the highest mean + `kappa` · standard deviation. `attempts`: draws to find a network that
    respects the limits and is new.
    """

    name: str
    widen: tuple[float, ...] = number(1, open_low=True)
    generations: int = number(1)
    population: int = number(1)
    changes: int = number(1)
    choice: str = choice("random", "bayesian")
    neighbours: int = number(1)
    kappa: float = number(0)
    attempts: int = number(1)

    def __post_init__(self) -> None:
        if not self.widen:
            raise ConfigError("strategy.widen is empty: it must hold at least one factor above 1, [1.5, 2] say.")
        if self.choice == "bayesian" and self.neighbours < self.population:
            raise ConfigError(
                f"strategy.neighbours={self.neighbours} is below strategy.population={self.population}: the Bayesian "
                "choice needs more neighbours than it takes."
            )
