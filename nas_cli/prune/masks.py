"""Masks: which weights of which kernels are there."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from nas_cli.errors import ConfigError, RunError
from nas_cli.prune.weights import Weight
from nas_cli.runs.files import write_atomic

Masks = Mapping[str, NDArray[np.bool_]]
"""By `Weight.path`: True where a weight stays, in the kernel's shape."""


def full_masks(weights: Sequence[Weight]) -> dict[str, NDArray[np.bool_]]:
    """Masks that keep everything."""
    return {weight.path: np.ones(weight.shape, np.bool_) for weight in weights}


def largest(scores: NDArray[Any], count: int, before: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
    """A mask of the `count` largest scores, of equal ones the first; only where `before` is True, if given."""
    flat = np.asarray(scores, np.float64).ravel()
    kept = np.ones(flat.shape, np.bool_) if before is None else before.ravel()
    order = np.lexsort((-flat, ~kept))
    mask = np.zeros(flat.shape, np.bool_)
    mask[order[: min(count, int(kept.sum()))]] = True
    return mask.reshape(np.shape(scores))


def apply_masks(weights: Sequence[Weight], masks: Masks) -> None:
    """Sets the weights that are not in the masks to zero.

    Raises:
        ConfigError: masks of other kernels or shapes.
    """
    check_masks(weights, masks)
    for weight in weights:
        weight.variable.assign(np.where(masks[weight.path], np.asarray(weight.variable), 0))


def check_masks(weights: Sequence[Weight], masks: Masks) -> None:
    """
    Raises:
        ConfigError: naming the kernel for which there is no mask, or whose mask has another shape.
    """
    shapes = {weight.path: weight.shape for weight in weights}
    for path in {*shapes, *masks}:
        given = masks[path].shape if path in masks else None
        if shapes.get(path) != given:
            raise ConfigError(
                f"the masks do not fit the model: kernel '{path}' has shape {shapes.get(path)}, its mask {given}."
            )


def share_left(masks: Masks) -> float:
    """Weights that stay over all weights that have a mask."""
    return sum(int(mask.sum()) for mask in masks.values()) / sum(mask.size for mask in masks.values())


def save_masks(file: Path, masks: Masks) -> None:
    """Writes the masks to one .npz file, eight weights to a byte; it is whole or not there.

    Raises:
        RunError: it cannot be written.
    """
    arrays: dict[str, Any] = {}
    for position, (path, mask) in enumerate(masks.items()):
        arrays[f"path_{position}"] = np.array(path)
        arrays[f"shape_{position}"] = np.array(mask.shape, np.int64)
        arrays[f"bits_{position}"] = np.packbits(mask.ravel())
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    write_atomic(file, buffer.getvalue())


def load_masks(file: Path) -> dict[str, NDArray[np.bool_]]:
    """The masks of a file that `save_masks` wrote.

    Raises:
        RunError: there is none, or it is damaged.
    """
    try:
        with np.load(file, allow_pickle=False) as stored:
            return dict(_mask(stored, position) for position in range(len(stored.files) // 3))
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise RunError(f"{file} is not a file of masks ({error}).") from error


def _mask(stored: Any, position: int) -> tuple[str, NDArray[np.bool_]]:
    shape = tuple(int(length) for length in stored[f"shape_{position}"])
    bits = np.unpackbits(stored[f"bits_{position}"], count=int(np.prod(shape)))
    return str(stored[f"path_{position}"]), bits.astype(np.bool_).reshape(shape)
