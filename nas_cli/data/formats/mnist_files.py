"""Reader of the sets that are published in MNIST's four IDX files, also as Keras' mnist.npz."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas_cli.data.checksum import digest_bytes
from nas_cli.data.dataset import Provenance
from nas_cli.data.formats.idx import idx_length, read_idx
from nas_cli.data.formats.npz import read_npz
from nas_cli.data.settings import DatasetSettings
from nas_cli.data.source import Card, FileCheck, Outline, Source, in_memory
from nas_cli.data.sources import first_existing, missing
from nas_cli.data.verdict import Verdict, judge, overall
from nas_cli.errors import DataError

Array = NDArray[np.uint8]
PARTS = {
    "x_train": ("train-images-idx3-ubyte", 3),
    "y_train": ("train-labels-idx1-ubyte", 1),
    "x_test": ("t10k-images-idx3-ubyte", 3),
    "y_test": ("t10k-labels-idx1-ubyte", 1),
}


@dataclass(frozen=True)
class MnistFiles:
    """`folders` and `packed` (.npz) are looked for in this order; `digests`: SHA-256 of each part's bytes.

    Digests are of the content, so that the published gzip files, unpacked ones, repacked ones (Debian's) and Keras'
    .npz are all recognised.
    """

    card: Card
    folders: tuple[str, ...]
    packed: tuple[str, ...]
    digests: Mapping[str, str]

    def find(self, data_dir: Path, path: str | None = None) -> Path | None:
        return first_existing(data_dir, self.folders, _has_all) or first_existing(data_dir, self.packed)

    def outline(self, settings: DatasetSettings, data_dir: Path) -> Outline:
        found = self.find(data_dir)
        counts = {"y_train": self.card.train or 0, "y_test": self.card.test or 0}
        if found is not None and found.is_dir():
            counts = {part: idx_length(self._path(found, part)) for part in counts}
        elif found is not None:
            counts = {part: len(self._read(found, part)) for part in counts}
        return Outline(self._shape(), self.card.classes or 0, counts["y_train"], None, counts["y_test"])

    def open(self, settings: DatasetSettings, data_dir: Path) -> Source:
        found = self.find(data_dir)
        if found is None:
            raise missing(self.card.name, self.card.expected, data_dir, "it could not be downloaded.")
        arrays = {part: self._read(found, part) for part in PARTS}
        status = overall([self._judge(found, part, array) for part, array in arrays.items()])
        splits = {}
        for name in ("train", "test"):
            x, y = arrays[f"x_{name}"], arrays[f"y_{name}"]
            if len(x) != len(y):
                raise DataError(f"{found} has {len(x)} {name} images and {len(y)} labels: fetch both files again.")
            splits[name] = in_memory(x[..., None], y.astype(np.int64))
        counts = {name: len(examples) for name, examples in splits.items()}
        files = tuple(self._path(found, part).name for part in PARTS) if found.is_dir() else (found.name,)
        return Source(
            task="classification",
            classes=self.card.classes or 0,
            input_shape=self._shape(),
            train=splits["train"],
            validation=None,
            test=splits["test"],
            provenance=Provenance(status, counts, files),
        )

    def check(self, data_dir: Path, path: str | None = None) -> Iterator[FileCheck]:
        found = self.find(data_dir)
        if found is None:
            yield FileCheck(" or ".join(self.card.expected), "missing")
            return
        for part in PARTS:
            file = str(self._path(found, part)) if found.is_dir() else f"{found}:{part}"
            try:
                array = self._read(found, part)
            except DataError as error:
                yield FileCheck(file, "damaged", str(error))
                continue
            try:
                yield FileCheck(file, self._judge(found, part, array), f"{len(array)} entries")
            except DataError as error:
                yield FileCheck(file, "altered", str(error))

    def _shape(self) -> tuple[int, ...]:
        return self.card.input_shape or ()

    def _path(self, found: Path, part: str) -> Path:
        return _file(found, PARTS[part][0]) or found / PARTS[part][0]

    def _read(self, found: Path, part: str) -> Array:
        name, dimensions = PARTS[part]
        array = read_idx(self._path(found, part), dimensions) if found.is_dir() else read_npz(found, [part])[part]
        right = array.shape[1:] == self._shape()[:2] if dimensions == 3 else array.ndim == 1
        if array.dtype != np.uint8 or not right or not len(array):
            raise DataError(f"{found}: {name} is empty or has entries of shape {array.shape[1:]}: fetch it again.")
        if dimensions == 1 and int(array.max()) >= (self.card.classes or 0):
            raise DataError(f"{found}: {name} has the label {array.max()}, there are {self.card.classes} classes.")
        return array

    def _judge(self, found: Path, part: str, array: Array) -> Verdict:
        published = (self.card.train if part.endswith("train") else self.card.test) or 0
        same = digest_bytes(np.ascontiguousarray(array).data.cast("B"), self.digests[part]) == self.digests[part]
        file = str(self._path(found, part)) if found.is_dir() else f"{found}:{part}"
        return judge(file, same_digest=same, count=len(array), published=published)


def _has_all(folder: Path) -> bool:
    return all(_file(folder, name) for name, _ in PARTS.values())


def _file(folder: Path, name: str) -> Path | None:
    for form in (f"{name}.gz", name, name.replace("-idx", ".idx")):
        if (folder / form).is_file():
            return folder / form
    return None
