"""The embedded default: 10,000 training and 2,000 test images of Fashion-MNIST, equally many of each class.

Built by scripts/make_fashion_mini.py, which also writes the SHA-256 of the content that is checked here.
"""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas_cli.data.checksum import digest_bytes
from nas_cli.data.dataset import Provenance
from nas_cli.data.formats.members import read_file
from nas_cli.data.formats.npz import read_npz
from nas_cli.data.settings import DatasetSettings
from nas_cli.data.source import Card, FileCheck, Outline, Source, in_memory
from nas_cli.errors import DataError

FOLDER = Path(__file__).resolve().parent.parent / "embedded"
PARTS = ("x_train", "y_train", "x_test", "y_test")
SHAPE = (28, 28, 1)


class FashionMini:
    """Reads `fashion_mini.npz` from inside the package."""

    card = Card(
        name="fashion_mini",
        task="classification",
        input_shape=SHAPE,
        classes=10,
        train=10_000,
        test=2_000,
        size_bytes=0,
        licence="MIT",
        source="Zalando SE, a subset of Fashion-MNIST",
        expected=("fashion_mini.npz inside the package",),
    )

    def find(self, data_dir: Path, path: str | None = None) -> Path | None:
        found = FOLDER / "fashion_mini.npz"
        return found if found.is_file() else None

    def outline(self, settings: DatasetSettings, data_dir: Path) -> Outline:
        return Outline(SHAPE, 10, 10_000, None, 2_000)

    def open(self, settings: DatasetSettings, data_dir: Path) -> Source:
        arrays = _arrays(FOLDER)
        train = in_memory(arrays["x_train"][..., None], arrays["y_train"].astype(np.int64))
        test = in_memory(arrays["x_test"][..., None], arrays["y_test"].astype(np.int64))
        provenance = Provenance("embedded", {"train": len(train), "test": len(test)}, ("fashion_mini.npz",))
        return Source("classification", 10, SHAPE, train, None, test, provenance)

    def check(self, data_dir: Path, path: str | None = None) -> Iterator[FileCheck]:
        file = str(FOLDER / "fashion_mini.npz")
        try:
            arrays = _arrays(FOLDER)
            yield FileCheck(file, "verified", f"{len(arrays['y_train'])} + {len(arrays['y_test'])} images, embedded")
        except DataError as error:
            yield FileCheck(file, "damaged", str(error))


def content_digest(arrays: dict[str, NDArray[np.uint8]]) -> str:
    """SHA-256 over the bytes of the four arrays in the order of PARTS; not over the file, whose compression varies."""
    return digest_bytes(b"".join(np.ascontiguousarray(arrays[part]).tobytes() for part in PARTS), "0" * 64)


def _arrays(folder: Path) -> dict[str, NDArray[np.uint8]]:
    path = folder / "fashion_mini.npz"
    expected = read_file(folder / "fashion_mini.sha256").decode("ascii", "replace").split()
    arrays = read_npz(path, PARTS)
    if content_digest(arrays) not in expected:
        raise DataError(f"{path} does not have the recorded checksum: install nas-cli again.")
    return arrays


def write(arrays: dict[str, NDArray[np.uint8]], folder: Path) -> None:
    """Write the archive (LZMA: under 5 MB where deflate is over) and the digest of its content to `folder`."""
    with zipfile.ZipFile(folder / "fashion_mini.npz", "w", zipfile.ZIP_LZMA) as archive:
        for part in PARTS:
            member = zipfile.ZipInfo(f"{part}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            member.compress_type = zipfile.ZIP_LZMA
            with archive.open(member, "w") as file:
                np.save(file, np.ascontiguousarray(arrays[part]), allow_pickle=False)
    digest = content_digest(arrays)
    (folder / "fashion_mini.sha256").write_text(f"{digest}  content of fashion_mini.npz\n", encoding="ascii")


FASHION_MINI = FashionMini()
