"""Less of a data set, so that a trial is cheaper: fewer training examples, smaller images."""

from dataclasses import replace

import numpy as np

from nas_cli.data.dataset import Dataset, Split
from nas_cli.data.formats.images import resize_all
from nas_cli.data.split import stratified
from nas_cli.errors import ConfigError

SUBSET_SEED = 0
"""Not the trial's seed: all trials of a search train on the same examples."""


def smaller(dataset: Dataset, train_size: int) -> Dataset:
    """The data set with at most `train_size` training examples, classes in proportion; the other splits are whole.

    Standardisation stays that of the whole training split.

    Raises:
        ConfigError: fewer examples are asked for than there are classes.
    """
    check_train_size(dataset.name, dataset.classes, train_size)
    available = len(dataset.train)
    if train_size >= available:
        return dataset
    rng = np.random.default_rng(SUBSET_SEED)
    everything = np.arange(available)
    if dataset.task == "regression":
        chosen = rng.permutation(everything)[:train_size]
    else:
        chosen = stratified(everything, np.asarray(dataset.train.y), train_size, rng)
    return replace(dataset, train=Split(dataset.train.x[chosen], dataset.train.y[chosen]))


def check_train_size(name: str, classes: int, train_size: int | None) -> None:
    """Passes if every class can have an example.

    Raises:
        ConfigError: fewer examples are asked for than there are classes.
    """
    if train_size is not None and train_size < classes:
        raise ConfigError(f"estimator.train_size is {train_size}, must be at least {classes} for {name}.")


def resized(dataset: Dataset, resolution: int) -> Dataset:
    """The data set with images of side `resolution`.

    Raises:
        ConfigError: the data set has no images.
    """
    trial_shape(dataset.name, dataset.input_shape, resolution)
    return replace(
        dataset,
        train=_resized(dataset.train, resolution),
        validation=_resized(dataset.validation, resolution),
        test=_resized(dataset.test, resolution),
    )


def trial_shape(name: str, shape: tuple[int, ...], resolution: int | None) -> tuple[int, ...]:
    """The shape of an example of the data set `name`, (height, width, channels) or (features,), as a trial sees it.

    Raises:
        ConfigError: a resolution for examples that are no images.
    """
    if resolution is None:
        return shape
    if len(shape) != 3:
        raise ConfigError(f"estimator.resolution={resolution} needs images, {name} has none: use null.")
    return (resolution, resolution, shape[-1])


def _resized(split: Split, resolution: int) -> Split:
    return Split(resize_all(np.asarray(split.x), resolution), split.y)
