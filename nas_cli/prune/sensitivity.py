"""How much of each layer can go, by how much its pruning alone hurts."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from nas_cli.errors import ConfigError

Sensitivity = Mapping[str, Sequence[tuple[float, float]]]
"""By kernel or channel group: (share removed from it alone, by how much the score falls then), as measured."""

BISECTIONS = 60


def sensitive_shares(curves: Sensitivity, sizes: Mapping[str, int], share: float) -> dict[str, float]:
    """The share that goes from each layer, so that the given share of all goes and all pay the same.

    The price of a layer's share is the fall of the score on its curve: straight between what was measured, never
    falling, 0 at a share of 0, and at a share of 1 the largest fall of all curves. Each layer loses the largest share
    whose price is at most t, and t is what makes the whole right; where a curve is level at t, a part of that stretch.

    Raises:
        ConfigError: a layer without a curve.
    """
    missing = [name for name in sizes if not curves.get(name)]
    if missing:
        raise ConfigError(f"prune.spread=sensitivity needs a measured curve for '{missing[0]}', there is none.")
    most = max(fall for name in sizes for _, fall in curves[name])
    lines = {name: _line(curves[name], max(most, 0.0)) for name in sizes}
    low, high = -1.0, max(most, 0.0)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if _total(lines, sizes, middle) >= share else (middle, high)
    before, behind = _shares(lines, low), _shares(lines, high)
    least, largest = _weighted(before, sizes), _weighted(behind, sizes)
    part = 1.0 if largest <= least else (share - least) / (largest - least)
    return {name: before[name] + min(max(part, 0.0), 1.0) * (behind[name] - before[name]) for name in sizes}


def _line(curve: Sequence[tuple[float, float]], most: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    inner = sorted((share, fall) for share, fall in curve if 0 < share < 1)
    shares = np.array([0.0, *(share for share, _ in inner), 1.0])
    falls = np.maximum.accumulate(np.maximum([0.0, *(fall for _, fall in inner), most], 0.0))
    return shares, falls


def _largest_share(line: tuple[NDArray[np.float64], NDArray[np.float64]], price: float) -> float:
    """The largest share whose fall is at most the price; 0 below all."""
    shares, falls = line
    if price < 0:
        return 0.0
    last = int(np.searchsorted(falls, price, side="right")) - 1
    if last == len(falls) - 1:
        return float(shares[-1])
    rise = (price - falls[last]) / (falls[last + 1] - falls[last])
    return float(shares[last] + rise * (shares[last + 1] - shares[last]))


def _shares(lines: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]], price: float) -> dict[str, float]:
    return {name: _largest_share(line, price) for name, line in lines.items()}


def _weighted(shares: Mapping[str, float], sizes: Mapping[str, int]) -> float:
    return sum(sizes[name] * shares[name] for name in sizes) / sum(sizes.values())


def _total(
    lines: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]], sizes: Mapping[str, int], price: float
) -> float:
    return _weighted(_shares(lines, price), sizes)
