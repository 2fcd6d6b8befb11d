"""Reader of the sets that are published as CIFAR's Python pickles, in a folder or still in their archive."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas_cli.data.checksum import digest_bytes
from nas_cli.data.dataset import Provenance
from nas_cli.data.formats.cifar_pickle import read_batch
from nas_cli.data.formats.members import read_file, read_members
from nas_cli.data.settings import DatasetSettings
from nas_cli.data.source import Card, FileCheck, Outline, Source, in_memory
from nas_cli.data.sources import first_existing, missing
from nas_cli.data.verdict import Verdict, judge, overall
from nas_cli.errors import DataError

Batch = tuple[NDArray[np.uint8], NDArray[np.int64]]
SHAPE = (32, 32, 3)


@dataclass(frozen=True)
class Published:
    """A published batch file: split, MD5, size in bytes (if known) and number of images."""

    split: str
    checksum: str
    size: int | None
    images: int


@dataclass(frozen=True)
class CifarFiles:
    """`places`: folders and archives that are looked for in this order; `label_key`: the labels' dictionary key."""

    card: Card
    places: tuple[str, ...]
    files: Mapping[str, Published]
    label_key: str

    def find(self, data_dir: Path, path: str | None = None) -> Path | None:
        return first_existing(data_dir, self.places, self._usable)

    def outline(self, settings: DatasetSettings, data_dir: Path) -> Outline:
        found = self.find(data_dir)
        counts = {"train": self.card.train or 0, "test": self.card.test or 0}
        if found is not None and not self._published_archive(found):
            counts = {"train": 0, "test": 0}
            for name, file in self._present(found).items():
                counts[file.split] += self._count(found, name)
        return Outline(SHAPE, self.card.classes or 0, counts["train"], None, counts["test"])

    def open(self, settings: DatasetSettings, data_dir: Path) -> Source:
        found = self.find(data_dir)
        if found is None:
            raise missing(self.card.name, self.card.expected, data_dir, "it could not be downloaded.")
        members = read_members(found, self.files)
        batches: dict[str, list[Batch]] = {"train": [], "test": []}
        verdicts = []
        for name in [name for name in self.files if name in members]:
            verdict, batch = self._judged(found, name, members.pop(name))
            verdicts.append(verdict)
            batches[self.files[name].split].append(batch)
        if not batches["train"] or not batches["test"]:
            raise DataError(f"{found} lacks the {'test' if batches['train'] else 'training'} file: fetch it again.")
        splits = {split: _joined(parts) for split, parts in batches.items()}
        return Source(
            task="classification",
            classes=self.card.classes or 0,
            input_shape=SHAPE,
            train=in_memory(*splits["train"]),
            validation=None,
            test=in_memory(*splits["test"]),
            provenance=Provenance(
                overall(verdicts, complete=len(verdicts) == len(self.files)),
                {split: len(y) for split, (_, y) in splits.items()},
                tuple(self._present(found)) if found.is_dir() else (found.name,),
            ),
        )

    def check(self, data_dir: Path, path: str | None = None) -> Iterator[FileCheck]:
        found = self.find(data_dir)
        if found is None:
            yield FileCheck(" or ".join(self.card.expected), "missing")
            return
        try:
            members = read_members(found, self.files)
        except DataError as error:
            yield FileCheck(str(found), "damaged", str(error))
            return
        for name in self.files:
            yield self._check_one(found, name, members.get(name))

    def _check_one(self, found: Path, name: str, data: bytes | None) -> FileCheck:
        file = str(found / name)
        if data is None:
            return FileCheck(file, "missing")
        try:
            batch = self._batch(found, name, data)
        except DataError as error:
            return FileCheck(file, "damaged", str(error))
        try:
            return FileCheck(file, self._verdict(found, name, data, batch), f"{len(batch[1])} images")
        except DataError as error:
            return FileCheck(file, "altered", str(error))

    def _judged(self, found: Path, name: str, data: bytes) -> tuple[Verdict, Batch]:
        batch = self._batch(found, name, data)
        return self._verdict(found, name, data, batch), batch

    def _batch(self, found: Path, name: str, data: bytes) -> Batch:
        images, labels = read_batch(data, self.label_key, str(found / name))
        if labels.min() < 0 or labels.max() >= (self.card.classes or 0):
            raise DataError(f"{found / name} has labels outside 0 to {(self.card.classes or 0) - 1}: fetch it again.")
        return images, labels

    def _verdict(self, found: Path, name: str, data: bytes, batch: Batch) -> Verdict:
        file = self.files[name]
        same = digest_bytes(data, file.checksum) == file.checksum
        return judge(str(found / name), same_digest=same, count=len(batch[1]), published=file.images)

    def _usable(self, found: Path) -> bool:
        return {file.split for file in self._present(found).values()} == {"train", "test"}

    def _present(self, found: Path) -> dict[str, Published]:
        return {name: file for name, file in self.files.items() if not found.is_dir() or (found / name).is_file()}

    def _published_archive(self, found: Path) -> bool:
        return found.is_file() and found.stat().st_size in {item.size for item in self.card.downloads}

    def _count(self, found: Path, name: str) -> int:
        if found.is_dir() and (found / name).stat().st_size == self.files[name].size:
            return self.files[name].images
        data = read_file(found / name) if found.is_dir() else read_members(found, [name]).get(name)
        return 0 if data is None else len(self._batch(found, name, data)[1])


def _joined(parts: list[Batch]) -> Batch:
    return np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts])
