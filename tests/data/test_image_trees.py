import dataclasses
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nas_cli.data.dataset import Dataset
from nas_cli.data.formats.images import decode
from nas_cli.data.info import info
from nas_cli.data.inventory import verify
from nas_cli.data.prepare import prepare
from nas_cli.data.settings import DatasetSettings
from nas_cli.errors import ConfigError, DataError
from tests.data.contract import DatasetContract
from tests.data.publishers import image_bytes, write_classes, write_tiny_imagenet


class TestTinyImagenet(DatasetContract):
    name = "tiny_imagenet"

    def make(self, data_dir: Path) -> dict[str, object]:
        write_tiny_imagenet(data_dir / "tiny-imagenet-200")
        return {"validation_fraction": 0.3}

    def test_published_validation_is_the_test_set(self, prepared: Dataset) -> None:
        assert prepared.provenance.counts == {"train": 20, "test": 8}
        assert (len(prepared.train), len(prepared.validation), len(prepared.test)) == (14, 6, 8)

    def test_the_archive_gives_the_same_as_the_folder(
        self, settings: DatasetSettings, data_dir: Path, prepared: Dataset, tmp_path: Path
    ) -> None:
        packed = tmp_path / "packed"
        packed.mkdir()
        with zipfile.ZipFile(packed / "tiny-imagenet-200.zip", "w") as archive:
            for path in sorted(data_dir.rglob("*")):
                archive.write(path, path.relative_to(data_dir))
        again = prepare(settings, packed, tmp_path / "again")
        assert again.split_digest == prepared.split_digest
        np.testing.assert_array_equal(again.train.x, prepared.train.x)

    def test_an_image_that_the_annotations_name_is_missing(
        self, settings: DatasetSettings, data_dir: Path, tmp_path: Path
    ) -> None:
        (data_dir / "tiny-imagenet-200" / "val" / "images" / "val_3.JPEG").unlink()
        with pytest.raises(DataError, match=r"1 images of val_annotations\.txt are missing"):
            prepare(settings, data_dir, tmp_path / "p")

    def test_damaged_image_is_named(self, settings: DatasetSettings, data_dir: Path, tmp_path: Path) -> None:
        path = data_dir / "tiny-imagenet-200" / "val" / "images" / "val_3.JPEG"
        path.write_bytes(path.read_bytes()[:300])
        with pytest.raises(DataError, match=r"val_3\.JPEG"):
            prepare(settings, data_dir, tmp_path / "p")
        assert [check.file for check in verify("tiny_imagenet", data_dir) if not check.ok] == [str(path)]

    def test_resolution(self, settings: DatasetSettings, data_dir: Path, tmp_path: Path) -> None:
        small = dataclasses.replace(settings, resolution=32)
        assert info(small, data_dir).input_shape == (32, 32, 3)
        assert prepare(small, data_dir, tmp_path / "p").input_shape == (32, 32, 3)


class TestImagenet(DatasetContract):
    name = "imagenet"

    def make(self, data_dir: Path) -> dict[str, object]:
        write_classes(data_dir / "imagenet" / "train", 8, size=(70, 50))
        write_classes(data_dir / "imagenet" / "val", 3, size=(50, 60))
        return {"validation_fraction": 0.25, "resolution": 28}

    def test_validation_images_without_class_folders(
        self, settings: DatasetSettings, data_dir: Path, tmp_path: Path
    ) -> None:
        for path in list((data_dir / "imagenet" / "val").rglob("*.JPEG")):
            path.rename(data_dir / "imagenet" / "val" / f"{path.parent.name}_{path.name}")
        for folder in list((data_dir / "imagenet" / "val").iterdir()):
            if folder.is_dir():
                folder.rmdir()
        with pytest.raises(DataError, match="val/<wnid>"):
            prepare(settings, data_dir, tmp_path / "p")


class TestImageFolder(DatasetContract):
    name = "image_folder"
    status = "unverified"

    def make(self, data_dir: Path) -> dict[str, object]:
        write_classes(data_dir / "mine", 10, classes=3, size=(40, 30))
        return {"path": str(data_dir / "mine"), "resolution": 16}

    def test_sub_folders_are_the_splits(self, settings: DatasetSettings, tmp_path: Path) -> None:
        for split, count in (("train", 6), ("val", 2), ("test", 3)):
            write_classes(tmp_path / "split" / split, count)
        made = prepare(dataclasses.replace(settings, path=str(tmp_path / "split")), tmp_path, tmp_path / "p")
        assert (len(made.train), len(made.validation), len(made.test)) == (12, 4, 6)

    def test_without_resolution_all_images_must_have_one_size(
        self, settings: DatasetSettings, data_dir: Path, tmp_path: Path
    ) -> None:
        native = dataclasses.replace(settings, resolution=None)
        assert prepare(native, data_dir, tmp_path / "p").input_shape == (30, 40, 3)
        (data_dir / "mine" / "n00000001" / "other.png").write_bytes(image_bytes(0, (20, 20), "PNG"))
        with pytest.raises(DataError, match=r"dataset\.resolution"):
            prepare(native, data_dir, tmp_path / "q")

    def test_path_that_is_no_folder(self, settings: DatasetSettings, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="is not a folder"):
            info(dataclasses.replace(settings, path=str(tmp_path / "absent")), tmp_path)

    def test_class_without_images(self, settings: DatasetSettings, data_dir: Path) -> None:
        (data_dir / "mine" / "empty").mkdir()
        with pytest.raises(DataError, match="empty has no image"):
            info(settings, data_dir)

    def test_class_with_one_image_cannot_be_split(
        self, settings: DatasetSettings, data_dir: Path, tmp_path: Path
    ) -> None:
        (data_dir / "mine" / "rare").mkdir()
        (data_dir / "mine" / "rare" / "1.png").write_bytes(image_bytes(0, (20, 20), "PNG"))
        with pytest.raises(
            DataError, match="class rare has 1 images, at least 3 are needed: one each for training, validation, test"
        ):
            prepare(settings, data_dir, tmp_path / "p")

    def test_damaged_images_are_named_together(self, settings: DatasetSettings, data_dir: Path, tmp_path: Path) -> None:
        images = sorted((data_dir / "mine" / "n00000001").iterdir())
        images[0].write_bytes(b"")
        with pytest.raises(
            DataError,
            match=rf"^n00000001/{images[0].name} is truncated, damaged or not an image: repair or remove it\.$",
        ):
            prepare(dataclasses.replace(settings, train_size=None), data_dir, tmp_path / "one")
        for image in images:
            image.write_bytes(b"no image")
        with pytest.raises(DataError, match=r"^\d images cannot be read: n00000001/.*, n00000001/.*\. The first: "):
            prepare(dataclasses.replace(settings, train_size=None), data_dir, tmp_path / "two")


def test_shorter_side_then_centre() -> None:
    pixels = np.zeros((8, 16, 3), np.uint8)
    pixels[:, 4:12] = 255
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    assert decode(file.getvalue(), "x", 8).min() == 255
    assert decode(file.getvalue(), "x", None).shape == (8, 16, 3)


def test_grey_images_become_colour() -> None:
    file = io.BytesIO()
    Image.fromarray(np.full((5, 5), 7, np.uint8)).save(file, "PNG")
    assert decode(file.getvalue(), "x", None).tolist() == [[[7, 7, 7]] * 5] * 5


def test_decompression_bomb_is_refused_before_it_is_decoded() -> None:
    file = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(file, "PNG")
    with pytest.raises(DataError, match="pixels"):
        decode(file.getvalue(), "bomb.png", 32)


def test_other_formats_are_refused() -> None:
    file = io.BytesIO()
    Image.new("RGB", (4, 4)).save(file, "TIFF")
    with pytest.raises(DataError, match="not an image"):
        decode(file.getvalue(), "x.jpg", 32)


def test_path_is_only_for_own_images(tmp_path: Path) -> None:
    settings = DatasetSettings("mnist", "somewhere", None, None, None, 0.1, 0, None, None, None, None)
    with pytest.raises(ConfigError, match=r"dataset\.path"):
        info(settings, tmp_path)
