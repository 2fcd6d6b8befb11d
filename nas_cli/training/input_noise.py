"""What is left of a network's score when its inputs are noisy."""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import numpy as np

from nas_cli.data.dataset import Dataset, Split
from nas_cli.training.evaluation import Evaluation

PIECE = 4096
"""Examples of which noisy copies are in memory at once."""


def noisy_metrics(
    model: Any, split: Split, dataset: Dataset, deviations: Sequence[float], seed: int, batch_size: int = 256
) -> list[dict[str, float]]:
    """For each of `deviations`: 'deviation', and 'loss' and 'accuracy' or 'rmse' with so much noise on the inputs.

    The noise is N(0, deviation²) in units of each channel's, or feature's, own standard deviation in the training
    data, another value for every number of every example. Pixels are not cut off at 0 and 255. The same seed gives
    every model the same noise, and every level the same noise but for its size.
    """
    evaluation = Evaluation(model, _noisy(split, slice(0, 1), dataset, 0.0, seed), dataset)
    rows: list[dict[str, float]] = []
    for deviation in deviations:
        parts = []
        for start in range(0, len(split), PIECE):
            piece = _noisy(split, slice(start, start + PIECE), dataset, deviation, seed)
            parts.append((len(piece), evaluation(piece, batch_size)))
        rows.append({"deviation": deviation, **_mean(parts)})
    return rows


def _noisy(split: Split, rows: slice, dataset: Dataset, deviation: float, seed: int) -> Split:
    x = np.asarray(split.x[rows], np.float32)
    noise = np.random.default_rng((seed, rows.start)).standard_normal(x.shape, np.float32)
    return Split(x + np.float32(deviation) * dataset.std * noise, split.y[rows])


def _mean(parts: Sequence[tuple[int, Mapping[str, float]]]) -> dict[str, float]:
    """Metrics of all examples from those of pieces with so many examples each."""
    weights = [count for count, _ in parts]
    mean = {
        name: fmean([metrics[name] ** (2 if name == "rmse" else 1) for _, metrics in parts], weights)
        for name in parts[0][1]
    }
    return {name: math.sqrt(value) if name == "rmse" else value for name, value in mean.items()}
