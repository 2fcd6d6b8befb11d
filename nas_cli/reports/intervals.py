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


@cache
def t_quantile(degrees: int) -> float:
    """How many standard errors a 95 % interval reaches on each side."""
    from scipy import stats

    return float(stats.t.ppf((1 + CONFIDENCE) / 2, degrees))
