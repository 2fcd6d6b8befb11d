"""Boston housing: 506 districts, 13 features, median house value in 1000 $ (Harrison & Rubinfeld 1978)."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas_cli.data.checksum import digest_bytes
from nas_cli.data.dataset import Provenance, Status
from nas_cli.data.download import Download
from nas_cli.data.formats.members import read_file
from nas_cli.data.formats.npz import read_npz
from nas_cli.data.settings import DatasetSettings
from nas_cli.data.source import Card, FileCheck, Outline, Source, in_memory
from nas_cli.data.sources import first_existing, missing
from nas_cli.errors import DataError

COLUMNS = 14
ROWS = 506
NOTE = "column B is a transform of the share of Black residents, which is why scikit-learn removed this data set."
# SHA-256 of the 506x14 float64 table in StatLib's order, and of the file that Keras publishes in its own order.
TABLE_DIGEST = "832e894115c56dd24ec63848d4a3d9bd921d268d0be1bee2a8f4ee5ea318f5f7"
_KERAS = Download(
    name="boston_housing.npz",
    urls=("https://storage.googleapis.com/tensorflow/tf-keras-datasets/boston_housing.npz",),
    checksum="f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5",
    size=57_026,
)
_NAMES = ("boston_house_prices.csv", "boston_housing.npz", "housing.data", "boston", "boston.txt")


class Boston:
    """Reads scikit-learn's CSV, StatLib's and UCI's text, and Keras' .npz."""

    card = Card(
        name="boston",
        task="regression",
        input_shape=(COLUMNS - 1,),
        classes=1,
        train=ROWS,
        test=None,
        size_bytes=_KERAS.size,
        licence="none stated",
        source="StatLib",
        expected=("boston-housing/boston_house_prices.csv", "boston_housing.npz"),
        downloads=(_KERAS,),
    )

    def find(self, data_dir: Path, path: str | None = None) -> Path | None:
        places = [f"{folder}/{name}" for folder in ("boston-housing", "boston", ".") for name in _NAMES]
        return first_existing(data_dir, places, Path.is_file)

    def outline(self, settings: DatasetSettings, data_dir: Path) -> Outline:
        found = self.find(data_dir)
        rows = ROWS if found is None else len(_table(found))
        return Outline((COLUMNS - 1,), 1, rows, None, None)

    def open(self, settings: DatasetSettings, data_dir: Path) -> Source:
        found = self.find(data_dir)
        if found is None:
            raise missing("boston", self.card.expected, data_dir, "it could not be downloaded.")
        table = _table(found)
        x, y = table[:, :-1].astype(np.float32), table[:, -1].astype(np.float32)
        provenance = Provenance(_status(found, table), {"train": len(table)}, (found.name,), NOTE)
        return Source("regression", 1, (COLUMNS - 1,), in_memory(x, y), None, None, provenance)

    def check(self, data_dir: Path, path: str | None = None) -> Iterator[FileCheck]:
        found = self.find(data_dir)
        if found is None:
            yield FileCheck(" or ".join(self.card.expected), "missing")
            return
        try:
            table = _table(found)
        except DataError as error:
            yield FileCheck(str(found), "damaged", str(error))
            return
        try:
            status = _status(found, table)
            verdict = status if status in ("verified", "unverified subset") else "unverified"
            yield FileCheck(str(found), verdict, f"{len(table)} rows; {NOTE}")
        except DataError as error:
            yield FileCheck(str(found), "altered", str(error))


def _table(path: Path) -> NDArray[np.float64]:
    table = _keras_table(path) if path.suffix == ".npz" else _text_table(path)
    if len(table) < 2 or not np.isfinite(table).all():
        raise DataError(f"{path} is damaged: it must have at least 2 rows of {COLUMNS} finite numbers: fetch it again.")
    return table


def _keras_table(path: Path) -> NDArray[np.float64]:
    arrays = read_npz(path, ("x", "y"))
    try:
        return np.column_stack([arrays["x"], arrays["y"]]).astype(np.float64).reshape(-1, COLUMNS)
    except ValueError as error:
        raise DataError(f"{path} does not have Keras' form ({error}): fetch it again.") from error


def _text_table(path: Path) -> NDArray[np.float64]:
    # Every text form is a header and then nothing but numbers, which StatLib wraps over two lines per row.
    values: list[float] = []
    for line in read_file(path).decode("latin1").splitlines():
        fields = line.replace(",", " ").split()
        try:
            numbers = [float(field) for field in fields]
        except ValueError as error:
            if len(values) >= COLUMNS:
                raise DataError(f"{path} is damaged: {line[:60]!r} is not a row of numbers: fetch it again.") from error
            values = []
            continue
        values += numbers
    if len(values) % COLUMNS:
        raise DataError(f"{path} is truncated or damaged: rows must have {COLUMNS} numbers: fetch it again.")
    return np.array(values, np.float64).reshape(-1, COLUMNS)


def _status(path: Path, table: NDArray[np.float64]) -> Status:
    if path.suffix == ".npz":
        same = digest_bytes(read_file(path), _KERAS.checksum) == _KERAS.checksum
    else:
        same = digest_bytes(table.astype("<f8").tobytes(), TABLE_DIGEST) == TABLE_DIGEST
    if same:
        return "verified"
    if len(table) < ROWS:
        return "unverified subset"
    if path.suffix in (".npz", ".csv"):
        raise DataError(f"{path} has {len(table)} rows but not the published content: it was altered, fetch it again.")
    return "unverified"


BOSTON = Boston()
