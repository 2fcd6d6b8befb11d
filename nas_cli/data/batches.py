"""Batches of one epoch as plain arrays."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_cli.data.augmentation import augment
from nas_cli.data.dataset import Split
from nas_cli.data.settings import AugmentationSettings

Batch = tuple[NDArray[Any], NDArray[Any]]


def epoch_batches(
    split: Split,
    batch_size: int,
    rng: np.random.Generator,
    augmentation: AugmentationSettings | None = None,
    fill: Sequence[float] = (0.0,),
    *,
    drop_remainder: bool = False,
) -> Iterator[Batch]:
    """The (x, y) batches of one training epoch in random order, augmented; each image `copies` times.

    `fill`: as in `augment`. The last batch is smaller unless `drop_remainder`.
    """
    copies = augmentation.copies if augmentation else 1
    order = rng.permutation(np.tile(np.arange(len(split)), copies))
    for start in range(0, len(order), batch_size):
        indices = order[start : start + batch_size]
        if drop_remainder and len(indices) < batch_size:
            return
        x = np.asarray(split.x[indices])
        yield (augment(x, rng, augmentation, fill) if augmentation else x), np.asarray(split.y[indices])


def batches_per_epoch(examples: int, batch_size: int, copies: int = 1, *, drop_remainder: bool = False) -> int:
    """How many batches `epoch_batches` yields."""
    whole, rest = divmod(examples * copies, batch_size)
    return whole if drop_remainder or not rest else whole + 1
