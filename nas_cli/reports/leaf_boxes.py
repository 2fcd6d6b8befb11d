"""The leaves of a regression tree as boxes in the unit cube, and the variance that each dimension accounts for."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def main_effects(tree: Any) -> Floats | None:
    """For each feature the variance of the tree's mean prediction given that feature, over its whole variance.

    Exact over the uniform distribution on the unit cube (Hutter et al. 2014, Algorithm 2); None for a constant tree.

    Args:
        tree: `tree_` of a fitted scikit-learn tree whose features lie in [0, 1].
    """
    low, high, value = leaves(tree)
    volume = np.prod(high - low, axis=1)
    mean = float(volume @ value)
    whole = float(volume @ (value - mean) ** 2)
    if whole <= 0:
        return None
    effects = [_variance(low[:, j], high[:, j], volume, value - mean) for j in range(low.shape[1])]
    return np.array(effects) / whole


def leaves(tree: Any) -> tuple[Floats, Floats, Floats]:
    """Lower and upper corners (leaves, features) of the tree's leaves, and their predictions (leaves)."""
    features = int(tree.n_features)
    waiting = [(0, np.zeros(features), np.ones(features))]
    found: list[tuple[Floats, Floats, float]] = []
    while waiting:
        node, low, high = waiting.pop()
        left, right = int(tree.children_left[node]), int(tree.children_right[node])
        if left == right:
            found.append((low, high, float(tree.value[node][0][0])))
            continue
        feature, threshold = int(tree.feature[node]), float(tree.threshold[node])
        below, above = high.copy(), low.copy()
        below[feature] = above[feature] = threshold
        waiting += [(left, low, below), (right, above, high)]
    lows, highs, values = zip(*found, strict=True)
    return np.array(lows), np.array(highs), np.array(values)


def _variance(low: Floats, high: Floats, volume: Floats, value: Floats) -> float:
    """The variance along one dimension of the mean over all others, of a function whose mean is 0."""
    cuts = np.unique(np.concatenate([low, high]))
    # Each leaf adds its value, times its share of the other dimensions, to the cells between its two ends.
    density = volume * value / (high - low)
    change = np.zeros(len(cuts))
    np.add.at(change, np.searchsorted(cuts, low), density)
    np.add.at(change, np.searchsorted(cuts, high), -density)
    marginal = np.cumsum(change)[:-1]
    return float(np.diff(cuts) @ marginal**2)
