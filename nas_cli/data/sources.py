"""The folders in which data sets are looked for."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from nas_cli.errors import DataError


def data_dir() -> Path:
    """The folder of data sets: NAS_DATA_DIR, or ~/.cache/nas."""
    given = os.environ.get("NAS_DATA_DIR")
    return Path(given).expanduser() if given else Path.home() / ".cache" / "nas"


def keras_dir() -> Path:
    """The folder in which Keras keeps data sets: $KERAS_HOME/datasets, or ~/.keras/datasets."""
    given = os.environ.get("KERAS_HOME")
    return (Path(given).expanduser() if given else Path.home() / ".keras") / "datasets"


def system_dir() -> Path:
    """The folder in which Debian's dataset packages (dataset-fashion-mnist) put their files."""
    return Path("/usr/share/datasets")


def first_existing(folder: Path, names: Iterable[str], usable: Callable[[Path], bool] = Path.exists) -> Path | None:
    """The first of `names` that is `usable` in `folder`, then in Keras' folder, then in the system's."""
    names = tuple(names)
    for root in (folder, keras_dir(), system_dir()):
        for name in names:
            if (root / name).exists() and usable(root / name):
                return root / name
    return None


def missing(name: str, expected: Iterable[str], folder: Path, reason: str) -> DataError:
    """The one-line error for a data set that is not there: where it is expected and how to get it."""
    there = "" if folder.is_dir() else " (there is no such folder)"
    return DataError(
        f"data set '{name}' was not found in {folder}{there}: expected {' or '.join(expected)}; {reason} "
        f"Put it there, or set NAS_DATA_DIR to the folder that has it."
    )
