"""MorphNet's second half: all widths grow by one factor up to a cost."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from nas_cli.surgery.channels import Channels
from nas_cli.surgery.keep import Keep, kept_units
from nas_cli.surgery.resource import Resource

HALVINGS = 50
MOST = 2.0**20
"""A network without a convolution or dense layer behind its last removable unit would grow without an end."""


def expand(
    channels: Channels, keep: Keep, resource: Resource, limit: float, multiple: int
) -> tuple[float, dict[str, int]]:
    """(ω, units of each group that can change): the largest ω >= 1 with F(ω·widths) <= limit (Gordon et al. 2018).

    A group of n units gets ω·n, rounded to the nearest multiple of `multiple`, and no fewer than n; an empty group
    stays empty. ω is 1, and the widths are as `keep` has them, if they already cost more than the limit.
    """
    kept = kept_units(channels, keep)
    widths = {group.name: int(kept[group.units].sum()) for group in channels.groups if group.fixed is None}

    def grown(omega: float) -> dict[str, int]:
        return {name: max(width, _rounded(omega * width, multiple)) for name, width in widths.items()}

    def fits(omega: float) -> bool:
        return resource.cost(_amounts(channels, grown(omega))) <= limit

    if not fits(1.0):
        return 1.0, widths
    low, high = 1.0, 2.0
    while fits(high) and high < MOST:
        low, high = high, 2 * high
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low, grown(low)


def _rounded(width: float, multiple: int) -> int:
    """The nearest multiple; the larger of two that are equally near."""
    return int(width / multiple + 0.5) * multiple


def _amounts(channels: Channels, widths: Mapping[str, int]) -> NDArray[np.float64]:
    """How many units of the grown network each unit stands for: width / size, for all units of a group."""
    amounts = np.ones(channels.units)
    for group in channels.groups:
        if group.name in widths:
            amounts[group.units] = widths[group.name] / len(group.units)
    return amounts
