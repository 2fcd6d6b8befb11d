import dataclasses
from pathlib import Path

import numpy as np
import pytest

from nas_cli.data.info import info
from nas_cli.data.prepare import prepare
from nas_cli.data.settings import DatasetSettings
from nas_cli.errors import ConfigError
from nas_cli.schema import validate
from tests.spaces.configured import values

SETTINGS = validate(DatasetSettings, values("dataset", "xor"))


def test_all_splits_are_the_four_examples(tmp_path: Path) -> None:
    data = prepare(SETTINGS, tmp_path, tmp_path / "prepared")
    for split in (data.train, data.validation, data.test):
        assert sorted((*map(int, x), int(y)) for x, y in zip(split.x, split.y, strict=True)) == [
            (0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0),
        ]  # fmt: skip
    assert data.train.x.dtype == np.float32 and data.train.y.dtype == np.int64
    assert (data.mean.tolist(), data.std.tolist()) == ([0.5, 0.5], [0.5, 0.5])
    assert data.provenance.note is not None and "same four" in data.provenance.note


def test_sizes_are_known_without_preparing(tmp_path: Path) -> None:
    known = info(SETTINGS, tmp_path)
    assert (known.input_shape, known.classes, known.task) == ((2,), 2, "classification")
    assert (known.train_examples, known.validation_examples, known.test_examples) == (4, 4, 4)


def test_no_resolution(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="resolution"):
        info(dataclasses.replace(SETTINGS, resolution=8), tmp_path)
