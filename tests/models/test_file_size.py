"""Compressed sizes, and weights that are not zero."""

import gzip
import json
import zipfile
from pathlib import Path

import keras
import numpy as np

from nas_cli.models.file_size import compressed_bytes
from nas_cli.models.nonzero import nonzero_weights


def _keras_file(file: Path, date: str, year: int) -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        metadata = json.dumps({"keras_version": "3", "date_saved": date})
        archive.writestr(zipfile.ZipInfo("metadata.json", (year, 1, 1, 0, 0, 0)), metadata)
        archive.writestr(zipfile.ZipInfo("weights", (year, 2, 3, 4, 5, 6)), bytes(1000))
    return file


def test_the_compressed_size_is_that_of_gzip(tmp_path: Path) -> None:
    file = tmp_path / "model.tflite"
    file.write_bytes(bytes(5000))
    assert compressed_bytes(file) == len(gzip.compress(bytes(5000), 9, mtime=123))


def test_two_files_of_one_model_have_the_same_compressed_size(tmp_path: Path) -> None:
    one = _keras_file(tmp_path / "one.keras", "2026-01-02@03:04:05", 2026)
    other = _keras_file(tmp_path / "other.keras", "2031-10-20@13:24:55", 2031)
    assert one.read_bytes() != other.read_bytes()
    assert compressed_bytes(one) == compressed_bytes(other) < 400


def test_nonzero_weights_are_counted() -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dropout(0.5), keras.layers.Dense(3)])
    model.layers[-1].set_weights([np.eye(4, 3), np.array([0.0, 2.0, 0.0])])
    assert nonzero_weights(model) == 4
