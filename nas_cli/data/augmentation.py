"""Random changes to a batch of training images: flip, crop, cutout; NumPy, seeded, for all images at once."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_cli.data.settings import AugmentationSettings
from nas_cli.errors import ConfigError

Images = NDArray[Any]


def augment(
    images: Images, rng: np.random.Generator, settings: AugmentationSettings, fill: Sequence[float] = (0.0,)
) -> Images:
    """A changed copy of `images` (batch, height, width, channels) of the same shape and type, uint8 or float32.

    `fill`: value per channel of the cut-out squares, the data set's mean. Order: flip, crop, cutout.

    Raises:
        ConfigError: the input is not a batch of images.
    """
    if not settings.changes_images:
        return images
    if images.ndim != 4:
        raise ConfigError(
            f"augmentation '{settings.name}' needs images, got examples of shape {images.shape[1:]}: "
            f"use augmentation=none."
        )
    if settings.flip:
        images = flip(images, rng)
    if settings.crop:
        images = crop(images, rng, settings.crop)
    if settings.cutout:
        images = cutout(images, rng, settings.cutout, fill)
    return images


def flip(images: Images, rng: np.random.Generator) -> Images:
    """Images, each mirrored left-right with probability 1/2."""
    mirrored = rng.random(len(images)) < 0.5
    out = images.copy()
    out[mirrored] = images[mirrored, :, ::-1]
    return out


def crop(images: Images, rng: np.random.Generator, padding: int) -> Images:
    """Images moved by up to `padding` pixels in each direction; what enters is zero (He et al. 2016, section 4.2)."""
    count, height, width, channels = images.shape
    padded = np.zeros((count, height + 2 * padding, width + 2 * padding, channels), images.dtype)
    padded[:, padding : padding + height, padding : padding + width] = images
    windows = np.lib.stride_tricks.sliding_window_view(padded, (height, width), axis=(1, 2))  # type: ignore[call-overload]
    tops, lefts = rng.integers(0, 2 * padding + 1, (2, count))
    return np.ascontiguousarray(windows[np.arange(count), tops, lefts].transpose(0, 2, 3, 1))


def cutout(images: Images, rng: np.random.Generator, side: int, fill: Sequence[float]) -> Images:
    """Images, each with one square of `side` pixels set to `fill`.

    The centre is uniform over the image and the square is clipped at its border (DeVries & Taylor 2017,
    arXiv:1708.04552; there the images are normalised first, so that their zero is the mean colour).
    """
    count, height, width, channels = images.shape
    rows = _covered(rng.integers(0, height, count), height, side)
    columns = _covered(rng.integers(0, width, count), width, side)
    image, row, column = np.nonzero(rows[:, :, None] & columns[:, None, :])
    colour = np.broadcast_to(np.asarray(fill, np.float64), (channels,))
    if images.dtype.kind == "u":
        colour = np.clip(np.rint(colour), 0, np.iinfo(images.dtype).max)
    out = images.copy()
    out[image, row, column] = colour.astype(images.dtype)
    return out


def _covered(centres: NDArray[np.int64], length: int, side: int) -> NDArray[np.bool_]:
    starts = centres[:, None] - side // 2
    positions = np.arange(length)
    return (positions >= starts) & (positions < starts + side)
