"""Settings of REINFORCE."""

from dataclasses import dataclass

from nas_cli.schema import choice, number

LEARNING_RATES = {"factorised": 0.03, "recurrent": 0.005}
"""Measured on NAS-Bench-201 with 100 trials; the recurrent controller settles too early at higher ones."""


@dataclass(frozen=True)
class ReinforceSettings:
    """`generations` × `population` trials.

    `controller`: 'factorised', a softmax of its own for each decision; 'recurrent', an LSTM of `units` units that reads
    the choices made before, embedded in as many numbers. `batch`: trials between two updates. `learning_rate`: of Adam;
    None is 0.03 for the factorised controller and 0.005 for the recurrent one. `baseline`: decay of the moving average
    of the fitness that rewards are compared with. `entropy`: weight of the entropy bonus, in the unit of the fitness
    per nat. `bins`: values of a numeric decision, the middles of intervals of equal probability. `attempts`: samples of
    the controller, and then of the space, tried to find a candidate that respects the limits.
    """

    name: str
    controller: str = choice("factorised", "recurrent")
    generations: int = number(1)
    population: int = number(1)
    batch: int = number(1)
    learning_rate: float | None = number(0, open_low=True)
    baseline: float = number(0, 1, open_high=True)
    entropy: float = number(0)
    units: int = number(1)
    bins: int = number(1)
    attempts: int = number(1)

    @property
    def step(self) -> float:
        """The learning rate."""
        return LEARNING_RATES[self.controller] if self.learning_rate is None else self.learning_rate
