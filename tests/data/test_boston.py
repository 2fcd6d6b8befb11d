import dataclasses
from pathlib import Path

import numpy as np
import pytest

from nas_cli.data.dataset import Dataset
from nas_cli.data.info import info
from nas_cli.data.prepare import prepare
from nas_cli.data.sets.boston import _table
from nas_cli.data.settings import DatasetSettings
from nas_cli.errors import ConfigError, DataError
from tests.data.contract import DatasetContract
from tests.data.publishers import boston_csv


class TestBoston(DatasetContract):
    name = "boston"
    images = False

    def make(self, data_dir: Path) -> dict[str, object]:
        (data_dir / "boston-housing").mkdir()
        (data_dir / "boston-housing" / "boston_house_prices.csv").write_text(boston_csv(50))
        return {}

    def test_the_note_on_column_b_is_one_line(self, prepared: Dataset) -> None:
        note = prepared.provenance.note
        assert note is not None and "column B" in note and "\n" not in note

    def test_sizes_and_targets(self, prepared: Dataset) -> None:
        assert (len(prepared.train), len(prepared.validation), len(prepared.test)) == (32, 8, 10)
        assert prepared.target_mean == pytest.approx(float(prepared.train.y.mean()), rel=1e-5)
        assert prepared.target_std == pytest.approx(float(prepared.train.y.std()), rel=1e-5)

    def test_altered(self, settings: DatasetSettings, data_dir: Path, tmp_path: Path) -> None:
        (data_dir / "boston-housing" / "boston_house_prices.csv").write_text(boston_csv(506))
        with pytest.raises(DataError, match="altered"):
            prepare(settings, data_dir, tmp_path / "p")

    def test_truncated(self, settings: DatasetSettings, data_dir: Path, tmp_path: Path) -> None:
        path = data_dir / "boston-housing" / "boston_house_prices.csv"
        path.write_text(path.read_text()[:-20])
        with pytest.raises(DataError, match="truncated"):
            prepare(settings, data_dir, tmp_path / "p")

    def test_no_resolution(self, settings: DatasetSettings, data_dir: Path) -> None:
        with pytest.raises(ConfigError, match="resolution"):
            info(dataclasses.replace(settings, resolution=8), data_dir)


def test_statlib_wraps_rows_over_two_lines(tmp_path: Path) -> None:
    rows = np.arange(28, dtype=float).reshape(2, 14) / 4
    body = "".join(" ".join(map(str, row[:11])) + "\n  " + " ".join(map(str, row[11:])) + "\n" for row in rows.tolist())
    (tmp_path / "boston").write_text(" The Boston house-price data of Harrison, D.\n MEDV  value in $1000's\n\n" + body)
    np.testing.assert_array_equal(_table(tmp_path / "boston"), rows)


def test_keras_form(tmp_path: Path) -> None:
    rows = np.arange(28, dtype=float).reshape(2, 14)
    np.savez(tmp_path / "boston_housing.npz", x=rows[:, :-1], y=rows[:, -1])
    np.testing.assert_array_equal(_table(tmp_path / "boston_housing.npz"), rows)
