"""The mean of a few numbers, and how well it is known."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import fmean, stdev

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """The mean of `count` numbers, and the interval around it; low = mean = high for a single number."""

    mean: float
    low: float
    high: float
    count: int


def mean_interval(values: Sequence[float]) -> Interval:
    """The mean and its 95 % Student t interval; of two numbers, which say too little for one, their range.

    The t interval of a mean over seeds holds where their results are roughly normal; with dozens of runs always.

    Raises:
        ValueError: if there is no number.
    """
    if not values:
        raise ValueError("the mean of no numbers")
    mean = fmean(values)
    if len(values) < 3:
        return Interval(mean, min(values), max(values), len(values))
    half = t_quantile(len(values) - 1) * stdev(values) / math.sqrt(len(values))
    return Interval(mean, mean - half, mean + half, len(values))


def difference_interval(first: Sequence[float], second: Sequence[float]) -> Interval:
    """The mean of the first numbers less that of the second, and its 95 % interval by Welch's t test (1947).

    The two need not be of one variance. `count` is the number of the smaller side; with a single number on a side
    there is no interval: then it is 0, and low = mean = high.

    Raises:
        ValueError: if there is no number on a side.
    """
    if not first or not second:
        raise ValueError("the mean of no numbers")
    mean, fewest = fmean(first) - fmean(second), min(len(first), len(second))
    if fewest < 2:
        return Interval(mean, mean, mean, 0)
    errors = [stdev(side) ** 2 / len(side) for side in (first, second)]
    if not sum(errors):
        return Interval(mean, mean, mean, fewest)
    scatter = sum(error**2 / (len(side) - 1) for error, side in zip(errors, (first, second), strict=True))
    half = t_quantile(sum(errors) ** 2 / scatter) * math.sqrt(sum(errors))
    return Interval(mean, mean - half, mean + half, fewest)


@cache
def t_quantile(degrees: float) -> float:
    """How many standard errors a 95 % interval reaches on each side."""
    from scipy import stats

    return float(stats.t.ppf((1 + CONFIDENCE) / 2, degrees))
