"""Small files in the publishers' formats."""

import gzip
import io
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nas_cli.data.formats.mnist_files import PARTS


def labels(count: int, classes: int) -> NDArray[Any]:
    return np.arange(count) % classes


def write_idx(path: Path, array: NDArray[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def mnist_arrays(train: int = 60, test: int = 30) -> dict[str, NDArray[Any]]:
    rng = np.random.default_rng(0)
    return {
        "x_train": rng.integers(0, 256, (train, 28, 28), np.uint8),
        "y_train": labels(train, 10).astype(np.uint8),
        "x_test": rng.integers(0, 256, (test, 28, 28), np.uint8),
        "y_test": labels(test, 10).astype(np.uint8),
    }


def write_mnist(folder: Path, suffix: str = ".gz", **sizes: int) -> None:
    for part, array in mnist_arrays(**sizes).items():
        write_idx(folder / f"{PARTS[part][0]}{suffix}", array)


def cifar_pickle(count: int, classes: int, key: bytes, seed: int = 0) -> bytes:
    rows = np.random.default_rng(seed).integers(0, 256, (count, 3072), np.uint8)
    data = pickle.dumps({b"data": rows, key: labels(count, classes).tolist()}, protocol=2)
    # The published files were written when NumPy's internals had this name.
    return data.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")


def write_cifar10(folder: Path, per_file: int = 20) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(1, 6):
        (folder / f"data_batch_{i}").write_bytes(cifar_pickle(per_file, 10, b"labels", i))
    (folder / "test_batch").write_bytes(cifar_pickle(per_file, 10, b"labels", 6))


def image_bytes(seed: Any, size: tuple[int, int] = (64, 64), kind: str = "JPEG") -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def write_classes(folder: Path, per_class: int, classes: int = 2, size: tuple[int, int] = (64, 64)) -> None:
    for label in range(classes):
        target = folder / f"n{label:08d}"
        target.mkdir(parents=True, exist_ok=True)
        for i in range(per_class):
            (target / f"{i}.JPEG").write_bytes(image_bytes((label, i), size))


def write_tiny_imagenet(folder: Path, per_class: int = 10, classes: int = 2) -> None:
    for label in range(classes):
        images = folder / "train" / f"n{label:08d}" / "images"
        images.mkdir(parents=True)
        for i in range(per_class):
            (images / f"n{label:08d}_{i}.JPEG").write_bytes(image_bytes((label, i)))
    (folder / "wnids.txt").write_text("".join(f"n{label:08d}\n" for label in range(classes)))
    (folder / "val" / "images").mkdir(parents=True)
    rows = []
    for i in range(4 * classes):
        (folder / "val" / "images" / f"val_{i}.JPEG").write_bytes(image_bytes((9, i)))
        rows.append(f"val_{i}.JPEG\tn{i % classes:08d}\t0\t0\t63\t63\n")
    (folder / "val" / "val_annotations.txt").write_text("".join(rows))


def boston_csv(rows: int) -> str:
    numbers = np.random.default_rng(0).uniform(0, 100, (rows, 14)).round(3)
    head = f"{rows},13,,,,,,,,,,,,\n" + ",".join(f'"C{i}"' for i in range(14)) + "\n"
    return head + "".join(",".join(map(str, row)) + "\n" for row in numbers.tolist())
