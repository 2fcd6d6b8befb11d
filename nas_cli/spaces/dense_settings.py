"""Settings of the space of NEAT's networks."""

from dataclasses import dataclass

from nas_cli.errors import ConfigError
from nas_cli.schema import number
from nas_cli.spaces.neural_network import ACTIVATIONS


@dataclass(frozen=True)
class DenseSettings:
    """What neurons compute, how strongly weights change, and how large a network may grow.

    `activations`: those that a hidden neuron may have; outputs are sigmoids, or linear for regression.
    `weight_range`: weights and biases are drawn from [−weight_range, weight_range]. `weight_step`: a mutation moves
    one by a number drawn from [−weight_step, weight_step]. `max_hidden`: most hidden neurons.

    Limits of a network, None is no limit: `max_flops` of one example (2 per connection), `max_params` (weights and
    biases). `max_memory_gb` must be None: nothing is trained.
    """

    name: str
    activations: tuple[str, ...]
    weight_range: float = number(0, open_low=True)
    weight_step: float = number(0, open_low=True)
    max_hidden: int = number(0, 500)
    max_flops: float | None = number(0, open_low=True)
    max_params: float | None = number(0, open_low=True)
    max_memory_gb: float | None = number(0, open_low=True)

    def __post_init__(self) -> None:
        unknown = [name for name in self.activations if name not in ACTIVATIONS]
        if unknown or not self.activations or len(set(self.activations)) != len(self.activations):
            raise ConfigError(
                f"space.activations must be different ones of {', '.join(ACTIVATIONS)}, at least one, got "
                f"{list(self.activations)}."
            )
        if self.max_memory_gb is not None:
            raise ConfigError("space.max_memory_gb must be null for dense: its networks are not trained.")
