"""From the fitness of networks to the fitness of their modules and blueprints."""

from collections.abc import Iterable, Sequence

from nas_cli.strategies.exchange import finite


def network_fitness(told: Sequence[float | None], lowest: float) -> list[float]:
    """The fitness of each network of a generation; a failed one gets 0, as in the original.

    Where fitness is negative (regression) 0 would be the best value, so a failed network gets the lowest fitness seen:
    min(0, `lowest`, the lowest of this generation).
    """
    known = [value for value in map(finite, told) if value is not None]
    failed = min([0.0, lowest, *known])
    return [failed if value is None else value for value in map(finite, told)]


def attribute(networks: Iterable[tuple[float, Iterable[int]]], how: str) -> dict[int, float]:
    """The fitness of each part from (fitness, parts) of the networks: `mean` or `max` over those containing it.

    A part that a network contains several times counts once for it.
    """
    gathered: dict[int, list[float]] = {}
    for fitness, parts in networks:
        for part in sorted(set(parts)):
            gathered.setdefault(part, []).append(fitness)
    if how == "max":
        return {part: max(values) for part, values in gathered.items()}
    return {part: sum(values) / len(values) for part, values in gathered.items()}
