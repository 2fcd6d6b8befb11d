"""The examples by which the ranges of activations are found."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from nas_cli.data.dataset import Dataset
from nas_cli.errors import ConfigError


def calibration_set(dataset: Dataset, examples: int, seed: int) -> NDArray[np.float32]:
    """float32 (examples, …): raw inputs drawn from the training split without repetition, always the same for a seed.

    Raises:
        ConfigError: if the training split has fewer.
    """
    check_calibration(examples, len(dataset.train))
    chosen = np.sort(np.random.default_rng((seed, examples)).permutation(len(dataset.train))[:examples])
    return np.asarray(dataset.train.x[chosen], np.float32)


def check_calibration(examples: int, train: int) -> None:
    """Returns if `train` training examples are enough.

    Raises:
        ConfigError: if they are not.
    """
    if examples > train:
        raise ConfigError(
            f"quantize.calibration={examples} examples, but the training split has {train}: lower it to at most "
            f"{train}, or raise dataset.train_size."
        )


def digest(examples: NDArray[np.float32]) -> str:
    """The SHA-256 of the examples."""
    return hashlib.sha256(np.ascontiguousarray(examples).tobytes()).hexdigest()
