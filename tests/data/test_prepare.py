import json
from pathlib import Path

import numpy as np
import pytest

from nas_cli.data.dataset import Dataset
from nas_cli.data.prepare import open_prepared, prepare
from nas_cli.data.settings import DatasetSettings
from nas_cli.data.statistics import channel_statistics
from nas_cli.errors import ConfigError, DataError


def synthetic(**changes: object) -> DatasetSettings:
    values: dict[str, object] = {
        "name": "synthetic",
        "path": None,
        "train_size": None,
        "valid_size": None,
        "test_size": None,
        "validation_fraction": 0.2,
        "split_seed": 0,
        "resolution": None,
        "shape": (8, 8, 3),
        "classes": 2,
        "examples": 40,
    }
    return DatasetSettings(**{**values, **changes})  # type: ignore[arg-type]


def test_other_settings_replace_what_was_prepared(tmp_path: Path) -> None:
    out = tmp_path / "run" / "data"
    assert len(prepare(synthetic(), tmp_path, out).train) == 32
    assert len(prepare(synthetic(train_size=10), tmp_path, out).train) == 10
    assert [path.name for path in out.parent.iterdir()] == ["data"]


def test_resolution_resizes_arrays(tmp_path: Path) -> None:
    flat = synthetic(shape=(8, 6, 2), resolution=4)
    made = prepare(flat, tmp_path, tmp_path / "p")
    assert made.input_shape == (4, 4, 2)


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / ".p.4194999.tmp"
    left.mkdir()
    prepare(synthetic(), tmp_path, tmp_path / "p")
    assert not left.exists()


def test_half_written_folder_is_prepared_again(tmp_path: Path) -> None:
    out = tmp_path / "p"
    prepare(synthetic(), tmp_path, out)
    (out / "meta.json").write_text("{")
    with pytest.raises(DataError, match="no prepared data"):
        open_prepared(out)
    assert isinstance(prepare(synthetic(), tmp_path, out), Dataset)


def test_failed_preparation_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("nas_cli.data.prepare.write_array", full)
    with pytest.raises(DataError, match="No space left"):
        prepare(synthetic(), tmp_path, tmp_path / "run" / "data")
    assert list((tmp_path / "run").iterdir()) == []


def test_nothing_prepared(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no prepared data"):
        open_prepared(tmp_path)


def test_unknown_name_suggests_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Did you mean 'synthetic'"):
        prepare(synthetic(name="sinthetic"), tmp_path, tmp_path / "p")


def test_statistics_of_known_pixels() -> None:
    x = np.array([[[[0, 5]], [[10, 5]]]], np.uint8)
    mean, std = channel_statistics(x)
    assert mean.tolist() == [5.0, 5.0] and std.tolist() == [5.0, 1.0]


def test_meta_is_plain_json(tmp_path: Path) -> None:
    prepare(synthetic(), tmp_path, tmp_path / "p")
    meta = json.loads((tmp_path / "p" / "meta.json").read_text())
    assert meta["request"]["name"] == "synthetic" and len(meta["split_digest"]) == 64
