"""From the fitness of networks to the fitness of their modules and blueprints."""

from collections.abc import Iterable


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
