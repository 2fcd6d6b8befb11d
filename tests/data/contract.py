"""What every data set must do; each one's test class inherits this and says how to make its files."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import yaml

from nas_cli.data.catalog import reader
from nas_cli.data.dataset import Dataset
from nas_cli.data.info import info
from nas_cli.data.inventory import verify
from nas_cli.data.prepare import open_prepared, prepare
from nas_cli.data.settings import DatasetSettings
from nas_cli.data.split import choose
from nas_cli.errors import ConfigError, DataError
from nas_cli.schema import validate

CONF = Path(__file__).resolve().parents[2] / "conf" / "dataset"


class DatasetContract:
    """`name` of the data set; `status` that the made files have; `make` writes them to a data folder."""

    name: str
    status = "unverified subset"
    images = True

    def make(self, data_dir: Path) -> dict[str, object]:
        """Write the files; the settings that differ from the YAML."""
        raise NotImplementedError

    @pytest.fixture
    def data_dir(self, tmp_path: Path) -> Path:
        folder = tmp_path / "datasets"
        folder.mkdir()
        return folder

    @pytest.fixture
    def settings(self, data_dir: Path) -> DatasetSettings:
        values = yaml.safe_load((CONF / f"{self.name}.yaml").read_text())
        return validate(DatasetSettings, {**values, **self.make(data_dir)})

    @pytest.fixture
    def prepared(self, settings: DatasetSettings, data_dir: Path, tmp_path: Path) -> Dataset:
        return prepare(settings, data_dir, tmp_path / "prepared")

    def test_info_announces_what_is_prepared(
        self, settings: DatasetSettings, data_dir: Path, prepared: Dataset
    ) -> None:
        known = info(settings, data_dir)
        assert (known.input_shape, known.classes, known.task) == (
            prepared.input_shape,
            prepared.classes,
            prepared.task,
        )
        assert known.train_examples == len(prepared.train)
        assert known.validation_examples == len(prepared.validation)
        assert known.test_examples == len(prepared.test)

    def test_types_and_ranges(self, prepared: Dataset) -> None:
        for split in (prepared.train, prepared.validation, prepared.test):
            assert split.x.shape == (len(split), *prepared.input_shape)
            if self.images:
                assert split.x.dtype == np.uint8 and split.y.dtype == np.int64
                assert set(np.unique(split.y)) == set(range(prepared.classes))
            else:
                assert split.x.dtype == np.float32 and split.y.dtype == np.float32

    def test_scale_and_offset_standardise_the_training_split(self, prepared: Dataset) -> None:
        x = np.asarray(prepared.train.x, np.float64) * prepared.scale + prepared.offset
        axes = tuple(range(x.ndim - 1))
        np.testing.assert_allclose(x.mean(axis=axes), 0, atol=1e-4)
        np.testing.assert_allclose(x.std(axis=axes), 1, atol=1e-4)

    def test_same_settings_give_the_same_data(
        self, settings: DatasetSettings, data_dir: Path, prepared: Dataset, tmp_path: Path
    ) -> None:
        again = prepare(settings, data_dir, tmp_path / "again")
        assert again.split_digest == prepared.split_digest
        np.testing.assert_array_equal(again.train.x, prepared.train.x)
        np.testing.assert_array_equal(again.test.y, prepared.test.y)

    def test_another_seed_gives_another_split(
        self, settings: DatasetSettings, data_dir: Path, prepared: Dataset, tmp_path: Path
    ) -> None:
        other = prepare(dataclasses.replace(settings, split_seed=1), data_dir, tmp_path / "other")
        assert other.split_digest != prepared.split_digest

    def test_held_out_examples_are_not_trained_on(self, settings: DatasetSettings, data_dir: Path) -> None:
        source = reader(self.name).open(settings, data_dir)
        chosen = choose(source, settings)
        train = set(chosen.train.tolist())
        if source.validation is None:
            assert not train & set(chosen.validation.tolist())
        if source.test is None:
            assert not train & set(chosen.test.tolist())
            assert not set(chosen.validation.tolist()) & set(chosen.test.tolist())

    def test_subsampling_changes_the_training_split_only(
        self, settings: DatasetSettings, data_dir: Path, prepared: Dataset, tmp_path: Path
    ) -> None:
        size = len(prepared.train) - 2
        small = prepare(dataclasses.replace(settings, train_size=size), data_dir, tmp_path / "small")
        assert len(small.train) == size
        np.testing.assert_array_equal(small.validation.x, prepared.validation.x)
        np.testing.assert_array_equal(small.test.x, prepared.test.x)

    def test_a_size_beyond_the_data_takes_all_of_it(
        self, settings: DatasetSettings, data_dir: Path, prepared: Dataset, tmp_path: Path
    ) -> None:
        asked = dataclasses.replace(settings, train_size=10**9)
        assert info(asked, data_dir).train_examples == len(prepared.train)
        assert len(prepare(asked, data_dir, tmp_path / "all").train) == len(prepared.train)

    def test_fewer_examples_than_classes_are_refused_in_one_line(
        self, settings: DatasetSettings, data_dir: Path, tmp_path: Path
    ) -> None:
        if not self.images:
            return
        asked = dataclasses.replace(settings, train_size=1)
        for act in (lambda: info(asked, data_dir), lambda: prepare(asked, data_dir, tmp_path / "p")):
            with pytest.raises(ConfigError, match="train_size is 1 ") as error:
                act()
            assert "\n" not in str(error.value)
        assert not (tmp_path / "p").exists()

    def test_prepared_data_is_reused_and_shared(
        self, settings: DatasetSettings, data_dir: Path, prepared: Dataset, tmp_path: Path
    ) -> None:
        out = tmp_path / "prepared"
        before = {file.name: file.stat().st_mtime_ns for file in out.iterdir()}
        prepare(settings, tmp_path / "nowhere", out)
        assert {file.name: file.stat().st_mtime_ns for file in out.iterdir()} == before
        opened = open_prepared(out)
        assert isinstance(opened.train.x, np.memmap) and not opened.train.x.flags.writeable
        assert opened.provenance == prepared.provenance
        assert opened.split_digest == prepared.split_digest

    def test_provenance_is_stated(self, prepared: Dataset) -> None:
        assert prepared.provenance.status == self.status
        assert all(count > 0 for count in prepared.provenance.counts.values())

    def test_intact_files_pass_the_check(self, settings: DatasetSettings, data_dir: Path) -> None:
        checks = verify(self.name, data_dir, settings.path)
        assert checks and all(check.ok for check in checks)

    def test_missing_data_is_one_line_that_says_where(
        self, settings: DatasetSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def offline(*arguments: object) -> Path:
            raise DataError("cannot download it (no network).")

        monkeypatch.setattr("nas_cli.data.inventory.download", offline)
        if reader(self.name).find(tmp_path / "empty") is not None or self.name == "synthetic":
            return
        with pytest.raises(DataError, match="NAS_DATA_DIR") as error:
            prepare(dataclasses.replace(settings, path=None), tmp_path / "empty", tmp_path / "p")
        assert "\n" not in str(error.value) and str(tmp_path / "empty") in str(error.value)
        assert not (tmp_path / "p").exists()
