"""What a network may cost at most."""

from dataclasses import dataclass

from nas_cli.costs.cost import Cost


@dataclass(frozen=True)
class Limits:
    """Upper bounds of a network; None is no bound.

    `max_flops`: of convolution and dense layers on one example, 2 per MAC. `max_params`: all parameters.
    `max_memory_bytes`: predicted memory of one training step with `batch_size` examples, see `Cost.training_bytes`.
    """

    max_flops: float | None
    max_params: float | None
    max_memory_bytes: float | None
    batch_size: int = 1

    def admits(self, cost: Cost) -> bool:
        """True if no bound is exceeded."""
        return self.violation(cost) is None

    def violation(self, cost: Cost) -> str | None:
        """The first bound that is exceeded, in words; None if there is none."""
        memory = cost.training_bytes(self.batch_size)
        if self.max_flops is not None and cost.flops > self.max_flops:
            return f"{cost.flops:.4g} FLOPs exceed max_flops {self.max_flops:.4g}"
        if self.max_params is not None and cost.params > self.max_params:
            return f"{cost.params} parameters exceed max_params {self.max_params:.0f}"
        if self.max_memory_bytes is not None and memory > self.max_memory_bytes:
            return (
                f"a training step of batch {self.batch_size} needs about {memory / 2**20:.0f} MiB, more than the "
                f"limit of {self.max_memory_bytes / 2**20:.0f} MiB"
            )
        return None
