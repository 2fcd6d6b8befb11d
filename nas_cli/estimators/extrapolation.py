"""Learning curves extrapolated by a small ensemble of parametric curves: what they promise, and when to give up."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

FEWEST = 3
"""Epochs before a curve is extrapolated: two parameters and one degree of freedom left."""
FLOOR = 0.02
"""Least standard deviation of a single epoch, as a share of the curve's range: three points may fit by chance."""
DEVIATIONS = 2.0
"""The upper estimate lies so many standard deviations above the mean."""

Array = NDArray[np.float64]


def _shapes(epochs: Array) -> list[Array]:
    """How each member of the ensemble approaches its limit, a falling function of the epoch (from 1)."""
    powers = [epochs**-exponent for exponent in (0.25, 0.5, 1.0, 2.0)]
    exponentials = [np.exp(-rate * (epochs - 1)) for rate in (0.1, 0.25, 0.5, 1.0, 2.0)]
    return [*powers, *exponentials, -np.log(epochs)]


@dataclass(frozen=True)
class Extrapolation:
    """What a curve promises: the mean and the standard deviation of its value at a later epoch."""

    mean: float
    deviation: float


def extrapolated(curve: Sequence[float], final: int) -> Extrapolation:
    """The value of a higher-is-better curve at epoch `final`; `curve` has at least two values, of epochs 1, 2, ….

    Each member y = c − a·g(epoch), a >= 0, with g a power (exponents 1/4 to 2), an exponential (rates 0.1 to 2) or the
    logarithm, is fitted by least squares and weighted with its likelihood. The deviation is that of the members and of
    their residuals. As Domhan et al. 2015 (IJCAI, section 3), with three of their eleven families and a grid in the
    place of Markov-chain sampling: the same curve always gives the same answer.
    """
    values = np.asarray(curve, dtype=np.float64)
    low, reach = float(values.min()), float(np.ptp(values))
    if reach == 0.0:
        return Extrapolation(low, 0.0)
    # In units of the curve's own range, so that errors in any unit are treated as accuracies are.
    values = (values - low) / reach
    epochs = np.array([*range(1, len(values) + 1), final], dtype=np.float64)
    fits = [_fit(shape[:-1], values, shape[-1]) for shape in _shapes(epochs)]
    predicted, errors = (np.array(column) for column in zip(*fits, strict=True))
    variance = max(float(errors.min()) / max(1, len(values) - 2), FLOOR**2)
    weights = np.exp(-(errors - errors.min()) / (2 * variance))
    weights /= weights.sum()
    mean = float(weights @ predicted)
    spread = float(weights @ (predicted - mean) ** 2) + variance
    return Extrapolation(low + reach * mean, reach * math.sqrt(spread))


def upper_estimate(curve: Sequence[float], final: int) -> float:
    """The value that the curve hardly exceeds at epoch `final`, DEVIATIONS above the mean; never below its best."""
    promised = extrapolated(curve, final)
    return max(max(curve), promised.mean + DEVIATIONS * promised.deviation)


def _fit(shape: Array, values: Array, at_end: float) -> tuple[float, float]:
    """(value at the end, sum of squared errors) of y = c − a·shape with a >= 0."""
    centred = shape - shape.mean()
    slope = min(0.0, float(centred @ values / (centred @ centred)))
    fitted = values.mean() + slope * centred
    return float(values.mean() + slope * (at_end - shape.mean())), float(((values - fitted) ** 2).sum())


@final
class Hopeless:
    """Whether a training should end: asked after every epoch, it gives the reason or None.

    `verdict`, once it has said so: {"epoch", "upper", "bar"}.
    """

    def __init__(self, value: Callable[[Mapping[str, float]], float], bar: float, epochs: int) -> None:
        self._value = value
        self._bar = bar
        self._epochs = epochs
        self._curve: list[float] = []
        self.verdict: Mapping[str, Any] | None = None

    def __call__(self, epoch: Mapping[str, float]) -> str | None:
        self._curve.append(self._value(epoch))
        if not FEWEST <= len(self._curve) < self._epochs:
            return None
        upper = upper_estimate(self._curve, self._epochs)
        if upper >= self._bar:
            return None
        self.verdict = {"epoch": len(self._curve), "upper": upper, "bar": self._bar}
        return "hopeless"
