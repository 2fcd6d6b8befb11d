"""Encoded images to uint8 pixels of one size, with limits on what a file may expand to."""

import io
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_cli.errors import DataError

LIMIT_PIXELS = 80_000_000
FORMATS = ("JPEG", "PNG", "BMP", "WEBP")
SUFFIXES = (".jpeg", ".jpg", ".png", ".bmp", ".webp")
# The standard preprocessing of ImageNet takes the central 224 of a picture whose shorter side has 256 pixels.
CROP_RATIO = 256 / 224
THREADS = 4
NAMED = 10
"""Unreadable images that an error names."""


def is_image(name: str) -> bool:
    """True for names with a known image suffix."""
    return name.lower().endswith(SUFFIXES)


def decode(data: bytes, name: str, resolution: int | None, crop_ratio: float = 1.0) -> NDArray[np.uint8]:
    """RGB pixels (height, width, 3).

    With `resolution`, the shorter side is resized (bilinear with antialiasing) to round(resolution * crop_ratio)
    and the centre of resolution x resolution pixels is kept; None keeps the stored size.

    Raises:
        DataError: truncated, damaged, not an image, or more than 80 million pixels.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        image: Any = Image.open(io.BytesIO(data), formats=FORMATS)
        if image.width * image.height > LIMIT_PIXELS:
            raise DataError(f"{name} has {image.width}x{image.height} pixels, at most {LIMIT_PIXELS} are read.")
        image = image.convert("RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DataError(f"{name} has too many pixels, at most {LIMIT_PIXELS} are read.") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        # Of a file that is no image at all, Pillow knows nothing but the address of our buffer.
        reason = "" if isinstance(error, UnidentifiedImageError) else f" ({error})"
        raise DataError(f"{name} is truncated, damaged or not an image{reason}: repair or remove it.") from error
    if resolution is not None:
        image = _centre(_shorter_side(image, round(resolution * crop_ratio)), resolution)
    return np.asarray(image, np.uint8)


def _shorter_side(image: Any, side: int) -> Any:
    from PIL import Image

    width, height = image.size
    if min(width, height) == side:
        return image
    factor = side / min(width, height)
    size = (max(side, round(width * factor)), max(side, round(height * factor)))
    return image.resize(size, Image.Resampling.BILINEAR)


def _centre(image: Any, side: int) -> Any:
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))


def decode_all(
    names: Sequence[str],
    read: Callable[[str], bytes],
    shape: tuple[int, ...],
    resolution: int | None,
    crop_ratio: float = 1.0,
) -> NDArray[np.uint8]:
    """Pixels (len(names), *shape) of the named files, decoded by a few threads.

    Raises:
        DataError: as `decode`, of several images in one line; or an image that does not have `shape` although no
            resolution was set.
    """

    def one(name: str) -> NDArray[np.uint8] | DataError:
        try:
            pixels = decode(read(name), name, resolution, crop_ratio)
        except DataError as error:
            return error
        if pixels.shape != shape:
            raise DataError(
                f"{name} is {pixels.shape[1]}x{pixels.shape[0]}, others are {shape[1]}x{shape[0]}: "
                f"set dataset.resolution to bring all images to one size."
            )
        return pixels

    out = np.empty((len(names), *shape), np.uint8)
    failed: dict[str, DataError] = {}
    with ThreadPoolExecutor(THREADS) as pool:
        for i, found in enumerate(pool.map(one, names)):
            if isinstance(found, DataError):
                failed[names[i]] = found
            else:
                out[i] = found
    if failed:
        raise _unreadable(failed)
    return out


def _unreadable(failed: Mapping[str, DataError]) -> DataError:
    """One line for all of them, so that they need not be found one run after the other."""
    first = next(iter(failed.values()))
    if len(failed) == 1:
        return first
    rest = len(failed) - NAMED
    named = [*list(failed)[:NAMED], *([f"{rest} more"] if rest > 0 else [])]
    return DataError(f"{len(failed)} images cannot be read: {', '.join(named)}. The first: {first}")


def resize_all(images: NDArray[np.uint8], resolution: int) -> NDArray[np.uint8]:
    """Images (n, height, width, channels) resized to (n, resolution, resolution, channels), bilinear, antialiased."""
    from PIL import Image

    count, height, width, channels = images.shape
    if (height, width) == (resolution, resolution):
        return images
    out = np.empty((count, resolution, resolution, channels), np.uint8)
    for i in range(count):
        for channel in range(channels):
            plane = Image.fromarray(np.ascontiguousarray(images[i, :, :, channel]))
            out[i, :, :, channel] = plane.resize((resolution, resolution), Image.Resampling.BILINEAR)
    return out
