"""Dominance between points of several objectives, all higher-is-better: fronts, crowding, hypervolume."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nas_cli.errors import ConfigError

Floats = NDArray[np.float64]


def front(points: ArrayLike) -> list[int]:
    """The numbers of the points that no other one dominates, rising; equal points are all kept.

    Args:
        points: (points, objectives). A point dominates another if it is nowhere worse and somewhere better. Takes time
            in the size of the front times the number of points, so that a whole table can be given.
    """
    values = _matrix(points)
    left = np.lexsort(tuple(-column for column in values.T[::-1]))
    kept: list[int] = []
    while len(left):
        # The lexicographically largest of those left is dominated by none of them.
        first = values[left[0]]
        equal = np.all(values[left] == first, axis=1)
        kept += left[equal].tolist()
        left = left[np.any(values[left] > first, axis=1)]
    return sorted(kept)


def non_dominated_sort(points: ArrayLike) -> list[list[int]]:
    """Fronts of points by number: the first holds those that none dominates, each later one those that only points of
    earlier ones dominate (Deb et al. 2002, fast-non-dominated-sort).

    Args:
        points: (points, objectives); time and memory grow with the square of the number of points.
    """
    values = _matrix(points)
    if not len(values):
        return []
    no_worse = np.all(values[:, None] >= values[None], axis=2)
    dominates = no_worse & np.any(values[:, None] > values[None], axis=2)
    above = dominates.sum(axis=0)
    fronts: list[list[int]] = []
    left = np.ones(len(values), dtype=bool)
    while left.any():
        now = left & (above == 0)
        fronts.append(np.flatnonzero(now).tolist())
        above = above - dominates[now].sum(axis=0)
        left &= ~now
    return fronts


def crowding_distance(points: ArrayLike) -> Floats:
    """For each point of one front, how far its neighbours are apart (Deb et al. 2002, crowding-distance-assignment).

    The sum over the objectives of the distance between the next lower and the next higher value, in shares of the
    front's range; infinite for the ends of a range. An objective in which all are equal adds nothing.
    """
    values = _matrix(points)
    distance = np.zeros(len(values))
    for column in values.T:
        order = np.argsort(column, kind="stable")
        ordered = column[order]
        if len(order) and ordered[0] < ordered[-1]:
            distance[order[[0, -1]]] = math.inf
            distance[order[1:-1]] += (ordered[2:] - ordered[:-2]) / (ordered[-1] - ordered[0])
    return distance


def hypervolume(points: ArrayLike, reference: Sequence[float]) -> float:
    """The volume that the points dominate above `reference`: exact; 0 without a point above it in every objective.

    By slices along the last objective (hypervolume by slicing objectives, While et al. 2006): fast for two and three
    objectives, exponential in their number.

    Raises:
        ConfigError: if the reference has not as many values as a point.
    """
    floor = np.asarray(reference, dtype=np.float64)
    values = _matrix(points)
    if len(values) and values.shape[1] != len(floor):
        raise ConfigError(f"the reference of a hypervolume must have {values.shape[1]} values, got {list(reference)}.")
    above = values[np.all(values > floor, axis=1)] if len(values) else values
    return _volume(above[front(above)], floor) if len(above) else 0.0


def _volume(values: Floats, floor: Floats) -> float:
    if values.shape[1] == 1:
        return float(values.max() - floor[0])
    values = values[np.argsort(-values[:, -1], kind="stable")]
    heights = values[:, -1] - np.append(values[1:, -1], floor[-1])
    if values.shape[1] == 2:
        widths = np.maximum.accumulate(values[:, 0]) - floor[0]
        return float(np.sum(widths * heights))
    slices = [_volume(values[: i + 1, :-1], floor[:-1]) if height else 0.0 for i, height in enumerate(heights)]
    return float(np.dot(slices, heights))


def _matrix(points: ArrayLike) -> Floats:
    values = np.asarray(points, dtype=np.float64)
    return values if values.ndim == 2 else values.reshape(len(values), 1)
