"""Exclusive or: the four examples that NEAT was introduced with (Stanley & Miikkulainen 2002, section 4.1)."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nas_cli.data.dataset import Provenance
from nas_cli.data.settings import DatasetSettings
from nas_cli.data.source import Card, FileCheck, Outline, Source, in_memory

NOTE = "there are only four examples: training, validation and test split are the same four."


class Xor:
    """Two inputs that are 0 or 1; class 1 where exactly one of them is 1. All three splits are the same examples."""

    card = Card(
        name="xor",
        task="classification",
        input_shape=(2,),
        classes=2,
        train=4,
        test=4,
        size_bytes=0,
        licence="generated",
        source="generated",
    )

    def find(self, data_dir: Path, path: str | None = None) -> Path | None:
        return None

    def outline(self, settings: DatasetSettings, data_dir: Path) -> Outline:
        return Outline((2,), 2, 4, 4, 4)

    def open(self, settings: DatasetSettings, data_dir: Path) -> Source:
        x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
        examples = in_memory(x, np.array([0, 1, 1, 0], np.int64))
        provenance = Provenance("generated", {"train": 4, "validation": 4, "test": 4}, (), NOTE)
        return Source("classification", 2, (2,), examples, examples, examples, provenance)

    def check(self, data_dir: Path, path: str | None = None) -> Iterator[FileCheck]:
        yield FileCheck("xor", "verified", "generated, no files")


XOR = Xor()
