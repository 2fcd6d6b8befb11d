"""Mean and standard deviation of the training split."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_cli.data.dataset import Task

PIECE = 4096


def channel_statistics(x: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and deviation per last axis of uint8 images (n, h, w, c) or float32 features (n, f), in raw units.

    Sums over images are exact integers, so the result does not depend on the size of the pieces.
    A constant channel gets the deviation 1.
    """
    if x.dtype == np.uint8:
        mean, std = _exact(x)
    else:
        mean, std = np.mean(x, axis=0, dtype=np.float64), np.std(x, axis=0, dtype=np.float64)
    return mean.astype(np.float32), np.where(std > 0, std, 1.0).astype(np.float32)


def target_statistics(y: NDArray[Any], task: Task) -> tuple[float, float]:
    """Mean and deviation of regression targets; 0 and 1 for classification."""
    if task == "classification":
        return 0.0, 1.0
    std = float(np.std(y, dtype=np.float64))
    return float(np.mean(y, dtype=np.float64)), std if std > 0 else 1.0


def _exact(x: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    channels = x.shape[-1]
    counts = np.zeros((channels, 256), np.int64)
    for start in range(0, len(x), PIECE):
        piece = x[start : start + PIECE].reshape(-1, channels)
        for channel in range(channels):
            counts[channel] += np.bincount(piece[:, channel], minlength=256)
    values = np.arange(256)
    total = counts.sum(axis=1)
    mean = (counts * values).sum(axis=1) / total
    variance = (counts * values**2).sum(axis=1) / total - mean**2
    return mean, np.sqrt(np.maximum(variance, 0.0))
