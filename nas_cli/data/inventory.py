"""What `nas data` shows and does: list, fetch, verify."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nas_cli.data.catalog import DATASETS, reader
from nas_cli.data.dataset import Task
from nas_cli.data.download import Progress, download, silent
from nas_cli.data.settings import DatasetSettings
from nas_cli.data.source import FileCheck, Reader
from nas_cli.data.sources import missing
from nas_cli.errors import DataError

GENERATED = ("synthetic", "xor")
"""Data sets without files."""

State = Literal["complete", "subset", "found", "missing", "embedded", "generated", "damaged"]


@dataclass(frozen=True)
class Row:
    """One data set: what is published and what is here.

    `state` is by counts alone: complete, subset, or found where no count is published; `verify` reads the files.
    `train` and `test`: examples that are here, or the published ones; `size_bytes`: what is downloaded.
    """

    name: str
    task: Task
    input_shape: tuple[int, ...] | None
    classes: int | None
    where: Path | None
    state: State
    train: int | None
    test: int | None
    size_bytes: int
    licence: str
    source: str


def list_datasets(data_dir: Path) -> list[Row]:
    """A row for every data set, in alphabetical order; reads no images."""
    return [_row(found, data_dir) for _, found in sorted(DATASETS.items())]


def fetch(name: str, data_dir: Path, progress: Progress = silent) -> tuple[Path, ...]:
    """The published files of a data set, downloaded to `data_dir` where they are not yet there and right.

    Raises:
        DataError: the data set cannot be downloaded, or a download fails.
        ConfigError: unknown name.
    """
    card = reader(name).card
    if name in ("fashion_mini", *GENERATED):
        return ()
    if not card.downloads:
        raise missing(name, card.expected, data_dir, f"its source, {card.source}, allows no automatic download.")
    return tuple(download(item, data_dir, progress) for item in card.downloads)


def ensure(name: str, data_dir: Path, path: str | None = None, progress: Progress = silent) -> None:
    """Download a data set that is nowhere to be found, if it can be downloaded.

    Raises:
        DataError: it cannot; the line says where it is expected.
    """
    found = reader(name)
    if found.find(data_dir, path) is not None or not found.card.downloads:
        return
    try:
        fetch(name, data_dir, progress)
    except DataError as error:
        raise missing(name, found.card.expected, data_dir, str(error)) from error


def verify(name: str, data_dir: Path, path: str | None = None) -> tuple[FileCheck, ...]:
    """A verdict for every file of a data set, from its content; raises ConfigError for an unknown name."""
    return tuple(reader(name).check(data_dir, path))


def _row(found: Reader, data_dir: Path) -> Row:
    card = found.card
    where = found.find(data_dir)
    state, shape, classes, train, test = _state(found, data_dir, where)
    return Row(
        name=card.name,
        task=card.task,
        input_shape=shape,
        classes=classes,
        where=where,
        state=state,
        train=train,
        test=test,
        size_bytes=card.size_bytes,
        licence=card.licence,
        source=card.source,
    )


_Known = tuple[State, tuple[int, ...] | None, int | None, int | None, int | None]


def _state(found: Reader, data_dir: Path, where: Path | None) -> _Known:
    card = found.card
    published = (card.input_shape, card.classes, card.train, card.test)
    if card.name in GENERATED:
        return "generated", *published
    if where is None:
        return "missing", *published
    if card.name == "fashion_mini":
        return "embedded", *published
    try:
        outline = found.outline(_anything(card.name), data_dir)
    except DataError:
        return "damaged", *published
    state: State = "found"
    if card.train is not None:
        complete = outline.train >= card.train and (outline.test or 0) >= (card.test or 0)
        state = "complete" if complete else "subset"
    return state, outline.input_shape, outline.classes, outline.train, outline.test


def _anything(name: str) -> DatasetSettings:
    return DatasetSettings(
        name=name,
        path=None,
        train_size=None,
        valid_size=None,
        test_size=None,
        validation_fraction=0.1,
        split_seed=0,
        resolution=None,
        shape=None,
        classes=None,
        examples=None,
    )
