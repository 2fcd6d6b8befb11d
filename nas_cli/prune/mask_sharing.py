"""The masks between the phases of a run: in files, the same in every process."""

import base64
import hashlib
from pathlib import Path
from typing import final

import numpy as np

from nas_cli.distributed.ring import Ring, agreed
from nas_cli.prune.masks import Masks, load_masks, save_masks


@final
class MaskFiles:
    """Masks of weights by the name of the phase that made them; only the first process of several has the files."""

    def __init__(self, folder: Path, ring: Ring) -> None:
        self._folder, self._ring = folder, ring

    def put(self, name: str, masks: Masks) -> None:
        """Keeps masks; the file is whole or not there."""
        if self._ring.rank == 0:
            self._folder.mkdir(parents=True, exist_ok=True)
            save_masks(self._file(name), masks)

    def read(self, name: str) -> Masks | None:
        """The masks in the first process's file; None if the phase has made none."""
        file = self._file(name)
        return load_masks(file) if file.exists() else None

    def get(self, name: str) -> Masks | None:
        """The same in every process, all of which must call this."""
        mine = self.read(name) if self._ring.rank == 0 else None
        if self._ring.size == 1:
            return mine
        packed = None if mine is None else {path: _packed(mask) for path, mask in mine.items()}
        told = agreed(self._ring, packed)
        return None if told is None else {path: _unpacked(*parts) for path, parts in told.items()}

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.masks.npz"


def digest(masks: Masks) -> str:
    """A digest that equal masks share."""
    text = hashlib.sha256()
    for path in sorted(masks):
        text.update(path.encode())
        text.update(np.packbits(masks[path]).tobytes())
    return text.hexdigest()


def _packed(mask: "np.typing.NDArray[np.bool_]") -> tuple[list[int], str]:
    return list(mask.shape), base64.b64encode(np.packbits(mask).tobytes()).decode()


def _unpacked(shape: list[int], bits: str) -> "np.typing.NDArray[np.bool_]":
    flat = np.unpackbits(np.frombuffer(base64.b64decode(bits), np.uint8), count=int(np.prod(shape)))
    return flat.astype(np.bool_).reshape(shape)
