"""Learning rates over the steps of a training."""

import numpy as np
from numpy.typing import NDArray

from nas_cli.errors import ConfigError
from nas_cli.training.settings import ScheduleSettings


def learning_rates(settings: ScheduleSettings, base: float, total: int, first: int, count: int) -> NDArray[np.float32]:
    """The rates of steps first … first+count-1 of a training of `total` steps, shape (count,).

    With t = step / total, after the warm-up:
        constant: base
        cosine: base · (f + (1 − f) · (1 + cos πt′)/2), t′ = share of the steps after the warm-up, f = final_fraction
        step: base · factor^(milestones m with m ≤ t)
    During the warm-up of w steps, step s has base · (s + 1)/(w + 1): the first step already learns.

    Raises:
        ConfigError: a value that the schedule needs is missing.
    """
    steps = np.arange(first, first + count, dtype=np.float64)
    warmup = round(settings.warmup * total)
    rates = base * _factors(settings, steps, warmup, total)
    rising = steps < warmup
    rates[rising] = base * (steps[rising] + 1) / (warmup + 1)
    return rates.astype(np.float32)


def _factors(settings: ScheduleSettings, steps: NDArray[np.float64], warmup: int, total: int) -> NDArray[np.float64]:
    if settings.name == "cosine":
        if settings.final_fraction is None:
            raise ConfigError("training.schedule.final_fraction is null: cosine needs a number in [0, 1].")
        share = np.clip((steps - warmup) / max(1, total - warmup), 0, 1)
        floor = settings.final_fraction
        return np.asarray(floor + (1 - floor) * (1 + np.cos(np.pi * share)) / 2)
    if settings.name == "step":
        if settings.factor is None or settings.milestones is None:
            raise ConfigError("training.schedule.factor or milestones is null: step needs both.")
        passed = np.zeros_like(steps)
        for milestone in settings.milestones:
            passed += steps >= milestone * total
        return np.asarray(settings.factor**passed)
    return np.ones_like(steps)
