"""What a failed evaluation is worth."""

from collections.abc import Sequence

from nas_cli.strategies.exchange import finite


def network_fitness(told: Sequence[float | None], lowest: float) -> list[float]:
    """The fitness of each network of a generation; a failed one gets 0, as in the original.

    Where fitness is negative (regression) 0 would be the best value, so a failed network gets the lowest fitness seen:
    min(0, `lowest`, the lowest of this generation).
    """
    known = [value for value in map(finite, told) if value is not None]
    failed = min([0.0, lowest, *known])
    return [failed if value is None else value for value in map(finite, told)]
