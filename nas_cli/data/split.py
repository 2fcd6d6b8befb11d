"""Fixed, seeded splits: hold out, subsample, and a digest of what was chosen."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_cli.data.dataset import Task
from nas_cli.data.settings import DatasetSettings
from nas_cli.data.source import Indices, Source
from nas_cli.errors import ConfigError, DataError

# One stream of random numbers per decision, so that changing one size leaves the other splits as they are.
_TEST, _VALIDATION, _TRAIN_SIZE, _VALID_SIZE, _TEST_SIZE = range(5)


@dataclass(frozen=True, eq=False)
class Chosen:
    """Indices of the examples of each split; the part they index into is the source's own, or its `train`."""

    train: Indices
    validation: Indices
    test: Indices
    digest: str


@dataclass(frozen=True)
class Sizes:
    """Examples per split after hold-out and subsampling."""

    train: int
    validation: int
    test: int


def planned_sizes(
    settings: DatasetSettings, classes: int, train: int, validation: int | None, test: int | None
) -> Sizes:
    """The sizes that `choose` will give, from counts alone.

    Raises:
        ConfigError: a size or a held-out part is smaller than the number of classes.
        DataError: too few examples to hold any out.
    """
    pool = train
    if test is None:
        test = _covering(pool, settings.validation_fraction, classes)
        pool -= test
    if validation is None:
        validation = _covering(pool, settings.validation_fraction, classes)
        pool -= validation
    return Sizes(
        train=_wanted("train_size", settings.train_size, pool, classes),
        validation=_wanted("valid_size", settings.valid_size, validation, classes),
        test=_wanted("test_size", settings.test_size, test, classes),
    )


def held_out(count: int, fraction: float) -> int:
    """How many of `count` examples are held out: the nearest number, at least one, and one is left."""
    if count < 2:
        raise DataError(f"{count} training examples cannot be split: at least 2 are needed.")
    return min(max(1, round(count * fraction)), count - 1)


def _covering(count: int, fraction: float, classes: int) -> int:
    held = held_out(count, fraction)
    if min(held, count - held) < classes:
        raise ConfigError(
            f"dataset.validation_fraction {fraction:g} holds out {held} of {count} examples, "
            f"both parts must cover {classes} classes: change the fraction."
        )
    return held


def _wanted(key: str, size: int | None, available: int, classes: int) -> int:
    if size is None:
        return available
    if size < classes:
        raise ConfigError(f"dataset.{key} is {size} but there are {classes} classes: use at least {classes}, or null.")
    return min(size, available)


def choose(source: Source, settings: DatasetSettings) -> Chosen:
    """The examples of the three splits, in a seeded random order.

    A missing test set is held out of the training set first, then a missing validation set, each
    `validation_fraction` of what is left. Classification keeps the class proportions (every class at least once).

    Raises:
        ConfigError, DataError: as `planned_sizes`, or a class has too few examples to be in every split.
    """
    sizes = planned_sizes(
        settings,
        source.classes if source.task == "classification" else 1,
        len(source.train),
        len(source.validation) if source.validation else None,
        len(source.test) if source.test else None,
    )
    pool = np.arange(len(source.train))
    if source.test is None:
        pool, test = _hold_out(source, pool, settings, _TEST)
    else:
        test = np.arange(len(source.test))
    if source.validation is None:
        pool, validation = _hold_out(source, pool, settings, _VALIDATION)
    else:
        validation = np.arange(len(source.validation))
    train_y, task = source.train.y, source.task
    validation_y = (source.validation or source.train).y
    test_y = (source.test or source.train).y
    seed = settings.split_seed
    train = _draw(pool, train_y, sizes.train, task, seed, _TRAIN_SIZE)
    validation = _draw(validation, validation_y, sizes.validation, task, seed, _VALID_SIZE)
    test = _draw(test, test_y, sizes.test, task, seed, _TEST_SIZE)
    parts = ((train, train_y[train]), (validation, validation_y[validation]), (test, test_y[test]))
    return Chosen(train, validation, test, _digest(parts))


def _hold_out(source: Source, pool: Indices, settings: DatasetSettings, stream: int) -> tuple[Indices, Indices]:
    size = held_out(len(pool), settings.validation_fraction)
    if source.task == "classification":
        counts = np.bincount(source.train.y[pool], minlength=source.classes)
        if counts.min() < 2:
            worst = int(counts.argmin())
            raise DataError(f"class {worst} has {counts[worst]} training examples, at least 2 are needed to split.")
    held = _draw(pool, source.train.y, size, source.task, settings.split_seed, stream, left=1)
    return np.setdiff1d(pool, held), held


def _draw(pool: Indices, y: NDArray[Any], size: int, task: Task, seed: int, stream: int, left: int = 0) -> Indices:
    rng = np.random.default_rng((seed, stream))
    if task == "regression":
        return rng.permutation(pool)[:size]
    return stratified(pool, y[pool], size, rng, left)


def stratified(pool: Indices, labels: NDArray[np.int64], size: int, rng: np.random.Generator, left: int = 0) -> Indices:
    """`size` members of `pool` with the class proportions of `labels`, each present class at least once, shuffled.

    Larger sizes contain the smaller ones' members of a class. Sizes per class are largest remainders. At least `left`
    members of each class are not among them.

    Raises:
        ConfigError: `size` is smaller than the number of classes present.
    """
    values, counts = np.unique(labels, return_counts=True)
    if size < len(values):
        raise ConfigError(f"{size} examples cannot cover {len(values)} classes.")
    shares = allocate(counts.tolist(), size, left)
    chosen = [rng.permutation(pool[labels == value])[:share] for value, share in zip(values, shares, strict=True)]
    return rng.permutation(np.concatenate(chosen))


def allocate(counts: Sequence[int], size: int, left: int = 0) -> list[int]:
    """`size` shared out in proportion to `counts`, each share between 1 and its count less `left` (largest remainders).

    There must be room: `size` lies between the number of counts and their sum less `left` of each.
    """
    total = sum(counts)
    exact = [count * size / total for count in counts]
    shares = [min(count - left, max(1, int(share))) for count, share in zip(counts, exact, strict=True)]
    while (gap := size - sum(shares)) != 0:
        step = 1 if gap > 0 else -1
        able = [i for i, share in enumerate(shares) if (share < counts[i] - left if step > 0 else share > 1)]
        able.sort(key=lambda i: (step * (shares[i] - exact[i]), i))
        for i in able[: abs(gap)]:
            shares[i] += step
    return shares


def _digest(parts: Sequence[tuple[Indices, NDArray[Any]]]) -> str:
    algorithm = hashlib.sha256()
    for indices, y in parts:
        algorithm.update(np.asarray(len(indices), "<i8").tobytes())
        algorithm.update(np.ascontiguousarray(indices, "<i8").tobytes())
        algorithm.update(np.ascontiguousarray(y, "<f4" if y.dtype.kind == "f" else "<i8").tobytes())
    return algorithm.hexdigest()
