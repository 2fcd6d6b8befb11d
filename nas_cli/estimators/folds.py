"""Training and validation examples of a data set, split anew into folds."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_cli.data.dataset import Dataset, DatasetInfo, Split
from nas_cli.data.statistics import channel_statistics
from nas_cli.errors import ConfigError

FOLD_SEED = 0
"""Not the trial's seed: all trials of a search have the same folds."""


def fold_numbers(dataset: Dataset, folds: int) -> NDArray[np.int64]:
    """The fold of each example, training examples first, then validation examples; sizes differ by one at most.

    Examples of a class are dealt out in turn, so that each fold has its share of every class.

    Raises:
        ConfigError: a class has fewer examples than there are folds.
    """
    y = np.concatenate([dataset.train.y, dataset.validation.y])
    rng = np.random.default_rng(FOLD_SEED)
    order = rng.permutation(len(y))
    fewest = len(y)
    if dataset.task == "classification":
        order = order[np.argsort(y[order], kind="stable")]
        fewest = int(np.unique(y, return_counts=True)[1].min())
    if fewest < folds:
        what = "the rarest class has" if dataset.task == "classification" else "there are"
        raise ConfigError(f"estimator.folds={folds}, but {what} {fewest} examples: use at most {fewest}.")
    numbers = np.empty(len(y), np.int64)
    numbers[order] = np.arange(len(y)) % folds
    return numbers


def check_folds(folds: int, data: DatasetInfo, train_size: int | None) -> None:
    """Passes if every class can have an example in each fold; `fold_numbers` knows whether it has.

    Raises:
        ConfigError: there are too few examples.
    """
    examples = data.validation_examples + min(train_size or data.train_examples, data.train_examples)
    most = examples // data.classes
    if folds > most:
        of_what = f"{data.classes} classes" if data.classes > 1 else "all"
        raise ConfigError(f"estimator.folds={folds}, but {data.name} has {examples} examples of {of_what}: use at most "
                          f"{most}.")  # fmt: skip


def fold(dataset: Dataset, numbers: NDArray[np.int64], number: int) -> Dataset:
    """The data set with one fold as validation split, the others as training split, and the latter's mean and std.

    Targets keep their statistics: they are only a unit, and that in which the saved network is tested.
    """
    x = np.concatenate([dataset.train.x, dataset.validation.x])
    y = np.concatenate([dataset.train.y, dataset.validation.y])
    held = numbers == number
    train, validation = _part(x, y, ~held), _part(x, y, held)
    mean, std = channel_statistics(train.x)
    return replace(dataset, train=train, validation=validation, mean=mean, std=std)


def _part(x: NDArray[Any], y: NDArray[Any], chosen: NDArray[np.bool_]) -> Split:
    return Split(x[chosen], y[chosen])
