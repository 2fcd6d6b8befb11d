"""The training examples in two halves, one of which trains weights while the other judges them, batch by batch."""

from collections.abc import Iterator
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from nas_cli.data.batches import epoch_batches
from nas_cli.data.dataset import Dataset, Split
from nas_cli.data.settings import AugmentationSettings
from nas_cli.distributed.ring import Ring
from nas_cli.distributed.share import share
from nas_cli.errors import ConfigError

Batch = tuple[NDArray[Any], NDArray[Any]]


@final
class Halves:
    """Batches of both halves of a training split; which example is in which half depends on the seed alone.

    All batches have the same size, that of all processes of the ring together; what is left over at the end of an
    epoch is not seen in it. Both halves are augmented alike, as in DARTS.
    """

    def __init__(
        self, dataset: Dataset, augmentation: AugmentationSettings, batch_size: int, seed: int, ring: Ring
    ) -> None:
        """
        Raises:
            ConfigError: a half has less examples than there are processes.
        """
        order = np.random.default_rng((seed, 1)).permutation(len(dataset.train))
        middle = len(order) // 2
        self._parts = [_part(dataset.train, order[:middle]), _part(dataset.train, order[middle:])]
        self._change = augmentation if augmentation.changes_images or augmentation.copies > 1 else None
        self._fill, self._seed, self._ring = dataset.mean.tolist(), seed, ring
        self._size = min(batch_size * ring.size, middle) // ring.size * ring.size
        if not self._size:
            raise ConfigError(f"{len(dataset.train)} training examples are too few for {ring.size} processes.")
        self.steps = middle * augmentation.copies // self._size
        """Batches of each half in an epoch."""
        self.batch_size = self._size

    def epoch(self, number: int) -> Iterator[tuple[Batch, Batch]]:
        """(for weights, for judging) of each step of epoch 0, 1, …: this process' share of them."""
        weights, judging = (self._batches(part, number, at) for at, part in enumerate(self._parts))
        for _ in range(self.steps):
            yield next(weights), next(judging)

    def judging(self) -> list[Batch]:
        """The half that judges as it is, whole batches in fixed order; the same on all processes."""
        part = self._parts[1]
        ends = range(self._size, len(part) + 1, self._size)
        return [(_floats(part.x[end - self._size : end]), part.y[end - self._size : end]) for end in ends]

    def _batches(self, part: Split, number: int, half: int) -> Iterator[Batch]:
        rng = np.random.default_rng((self._seed, 2 + half, number))
        for x, y in epoch_batches(part, self._size, rng, self._change, self._fill):
            mine = share(self._size, self._ring.rank, self._ring.size).rows
            yield _floats(x[mine]), y[mine]


def _part(split: Split, rows: NDArray[np.int64]) -> Split:
    rows = np.sort(rows)
    return Split(split.x[rows], split.y[rows])


def _floats(x: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray(x, np.float32)
