"""Images per second with uncertainty and jitter, as tf_cnn_benchmarks computes them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MAD_TO_DEVIATION = 1.4826
"""The median absolute deviation of a normal distribution times this is its standard deviation."""


@dataclass(frozen=True)
class Speed:
    """Images per second: the `mean`, its standard error `uncertainty`, and the robust spread of steps, `jitter`."""

    mean: float
    uncertainty: float
    jitter: float


def speed(batch: int, seconds: Sequence[float]) -> Speed:
    """The speed of one worker from the seconds of its steps: batch over their mean; std(speeds) / √n; 1.4826 · MAD."""
    times = np.asarray(seconds, float)
    speeds = batch / times
    spread = float(np.median(np.abs(speeds - np.median(speeds))))
    return Speed(batch / float(times.mean()), float(speeds.std()) / math.sqrt(len(times)), MAD_TO_DEVIATION * spread)


def together(speeds: Sequence[Speed]) -> Speed:
    """The sum of workers that wait for one another: what varies in one step varies in all."""
    return Speed(
        sum(one.mean for one in speeds), sum(one.uncertainty for one in speeds), sum(one.jitter for one in speeds)
    )


def beside(speeds: Sequence[Speed]) -> Speed:
    """The sum of workers that vary each for itself."""
    return Speed(
        sum(one.mean for one in speeds),
        math.hypot(*[one.uncertainty for one in speeds]),
        math.hypot(*[one.jitter for one in speeds]),
    )
