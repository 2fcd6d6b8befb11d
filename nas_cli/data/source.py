"""What a data set offers before it is split: a card, its size, and examples that are decoded on demand."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from nas_cli.data.dataset import Provenance, Task
from nas_cli.data.download import Download
from nas_cli.data.settings import DatasetSettings

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Card:
    """What is known of a data set without looking at files.

    `input_shape` and `classes` are None where the user's files decide. `train` and `test` count the published
    examples; `size_bytes` is what is downloaded. `expected`: names, relative to the data folder, that are looked for.
    """

    name: str
    task: Task
    input_shape: tuple[int, ...] | None
    classes: int | None
    train: int | None
    test: int | None
    size_bytes: int
    licence: str
    source: str
    expected: tuple[str, ...] = ()
    downloads: tuple[Download, ...] = ()


@dataclass(frozen=True)
class Outline:
    """Shape, classes and counts of what is really there; None where a split has to be held out of `train`."""

    input_shape: tuple[int, ...]
    classes: int
    train: int
    validation: int | None
    test: int | None


@dataclass(frozen=True, eq=False)
class Examples:
    """Targets of all examples at once, inputs on demand.

    `read(indices)` gives the inputs (len(indices), *shape) in that order.
    """

    y: NDArray[Any]
    read: Callable[[Indices], NDArray[Any]]

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, eq=False)
class Source:
    """An opened data set; `validation` or `test` None means: hold it out of `train`."""

    task: Task
    classes: int
    input_shape: tuple[int, ...]
    train: Examples
    validation: Examples | None
    test: Examples | None
    provenance: Provenance


@dataclass(frozen=True)
class FileCheck:
    """The verdict on one file."""

    file: str
    status: Literal["verified", "unverified subset", "unverified", "altered", "damaged", "missing"]
    detail: str = ""

    @property
    def ok(self) -> bool:
        """True unless the file is altered, damaged or missing."""
        return self.status not in ("altered", "damaged", "missing")


class Reader(Protocol):
    """Finds and reads one data set."""

    @property
    def card(self) -> Card:
        """What is known without files."""

    def find(self, data_dir: Path, path: str | None = None) -> Path | None:
        """Where the data set is (`path`: the user's own place), or None."""

    def outline(self, settings: DatasetSettings, data_dir: Path) -> Outline:
        """Shape and counts, quickly; the published ones if nothing is found and they are known."""

    def open(self, settings: DatasetSettings, data_dir: Path) -> Source:
        """The examples; raises DataError for missing, altered or damaged files."""

    def check(self, data_dir: Path, path: str | None = None) -> Iterator[FileCheck]:
        """One verdict per file, as thorough as possible."""


def in_memory(x: NDArray[Any], y: NDArray[Any]) -> Examples:
    """Examples whose inputs are already an array."""
    return Examples(y=y, read=lambda indices: x[indices])
