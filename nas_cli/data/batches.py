"""Batches of one epoch as plain arrays."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_cli.data.augmentation import augment
from nas_cli.data.dataset import Split
from nas_cli.data.settings import AugmentationSettings

Batch = tuple[NDArray[Any], NDArray[Any]]


SMALLEST_REST = 4
"""TensorFlow 2.18's oneDNN kernels corrupt memory in the filter gradient of a 1x1 convolution of stride 2 with very few
channels, as a shrunk network has them, on batches of 1 or 3 examples."""


def epoch_batches(
    split: Split,
    batch_size: int,
    rng: np.random.Generator,
    augmentation: AugmentationSettings | None = None,
    fill: Sequence[float] = (0.0,),
) -> Iterator[Batch]:
    """The (x, y) batches of one training epoch in random order, augmented; each image `copies` times.

    `fill`: as in `augment`. The last batch has what is left over; a rest of less than SMALLEST_REST examples, or of an
    eighth of a batch, joins the batch before it, because the gradient of so few is mostly noise, or worse.
    """
    copies = augmentation.copies if augmentation else 1
    order = rng.permutation(np.tile(np.arange(len(split)), copies))
    start = 0
    for size in _sizes(len(order), batch_size):
        indices = order[start : start + size]
        start += size
        x = np.asarray(split.x[indices])
        yield (augment(x, rng, augmentation, fill) if augmentation else x), np.asarray(split.y[indices])


def batches_per_epoch(examples: int, batch_size: int, copies: int = 1) -> int:
    """How many batches `epoch_batches` yields."""
    return len(_sizes(examples * copies, batch_size))


def _sizes(examples: int, batch_size: int) -> list[int]:
    whole, rest = divmod(examples, batch_size)
    sizes = [batch_size] * whole
    if not rest:
        return sizes
    if whole and rest < min(batch_size, max(SMALLEST_REST, batch_size // 8)):
        return [*sizes[:-1], batch_size + rest]
    return [*sizes, rest]
