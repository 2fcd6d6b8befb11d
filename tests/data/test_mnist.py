import dataclasses
import gzip
from pathlib import Path

import numpy as np
import pytest

from nas_cli.data.dataset import Dataset
from nas_cli.data.info import info
from nas_cli.data.inventory import verify
from nas_cli.data.prepare import prepare
from nas_cli.data.sets.mnist import MNIST
from nas_cli.data.settings import DatasetSettings
from nas_cli.errors import DataError
from tests.data.contract import DatasetContract
from tests.data.publishers import mnist_arrays, write_idx, write_mnist

IMAGES = "train-images-idx3-ubyte.gz"


class TestMnist(DatasetContract):
    name = "mnist"

    def make(self, data_dir: Path) -> dict[str, object]:
        write_mnist(data_dir / "mnist", train=100)
        return {}

    def test_images_and_labels_stay_together(self, prepared: Dataset) -> None:
        arrays = mnist_arrays(train=100)
        by_image = {image.tobytes(): label for image, label in zip(arrays["x_train"], arrays["y_train"], strict=True)}
        for image, label in zip(prepared.train.x, prepared.train.y, strict=True):
            assert by_image[image.tobytes()] == label

    @pytest.mark.parametrize("cut", [0, 5, 40, -9])
    def test_truncated_file_is_named(self, settings: DatasetSettings, data_dir: Path, tmp_path: Path, cut: int) -> None:
        path = data_dir / "mnist" / IMAGES
        path.write_bytes(path.read_bytes()[:cut])
        with pytest.raises(DataError, match=IMAGES):
            prepare(settings, data_dir, tmp_path / "p")
        assert [check.status for check in verify("mnist", data_dir)].count("damaged") == 1

    def test_altered_complete_set_is_refused(
        self, settings: DatasetSettings, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            "nas_cli.data.sets.mnist.MNIST", dataclasses.replace(MNIST, card=dataclasses.replace(MNIST.card, train=100))
        )
        from nas_cli.data import catalog
        from nas_cli.data.sets import mnist

        monkeypatch.setitem(catalog.DATASETS, "mnist", mnist.MNIST)
        with pytest.raises(DataError, match="altered"):
            prepare(settings, data_dir, tmp_path / "p")
        assert [check.status for check in verify("mnist", data_dir)].count("altered") == 2

    def test_labels_and_images_must_be_as_many(self, settings: DatasetSettings, data_dir: Path, tmp_path: Path) -> None:
        write_idx(data_dir / "mnist" / IMAGES, mnist_arrays(train=99)["x_train"])
        with pytest.raises(DataError, match="99 train images and 100 labels"):
            prepare(settings, data_dir, tmp_path / "p")

    def test_label_out_of_range(self, settings: DatasetSettings, data_dir: Path, tmp_path: Path) -> None:
        write_idx(data_dir / "mnist" / "train-labels-idx1-ubyte.gz", np.full(100, 10, np.uint8))
        with pytest.raises(DataError, match="label 10"):
            prepare(settings, data_dir, tmp_path / "p")

    def test_gzip_that_expands_beyond_the_limit(
        self, settings: DatasetSettings, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("nas_cli.data.formats.idx.LIMIT_BYTES", 10_000)
        monkeypatch.setattr("nas_cli.data.formats.idx._content.__defaults__", (10_000,))
        (data_dir / "mnist" / IMAGES).write_bytes(gzip.compress(bytes(1_000_000)))
        with pytest.raises(DataError, match="expands to more"):
            prepare(settings, data_dir, tmp_path / "p")


@pytest.mark.parametrize("folder", ["datasets/mnist", "datasets/MNIST/raw", "keras/datasets/mnist", "system/mnist"])
def test_other_places(tmp_path: Path, folder: str) -> None:
    write_mnist(tmp_path / folder)
    assert MNIST.find(tmp_path / "datasets") == tmp_path / folder


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_unpacked_files_are_read_too(tmp_path: Path, suffix: str) -> None:
    write_mnist(tmp_path / "mnist", suffix)
    assert {check.status for check in verify("mnist", tmp_path)} == {"unverified subset"}


def test_an_incomplete_folder_is_not_taken(tmp_path: Path) -> None:
    write_mnist(tmp_path / "mnist")
    write_mnist(tmp_path / "system" / "mnist")
    (tmp_path / "mnist" / IMAGES).unlink()
    assert MNIST.find(tmp_path) == tmp_path / "system" / "mnist"


def test_keras_archive(tmp_path: Path) -> None:
    folder = tmp_path / "keras" / "datasets"
    folder.mkdir(parents=True)
    np.savez(folder / "mnist.npz", **mnist_arrays())
    settings = DatasetSettings("mnist", None, None, None, None, 0.5, 0, None, None, None, None)
    assert info(settings, tmp_path).train_examples == 30
    made = prepare(settings, tmp_path, tmp_path / "p")
    assert made.provenance.files == ("mnist.npz",) and len(made.test) == 30
    (folder / "mnist.npz").write_bytes((folder / "mnist.npz").read_bytes()[:3000])
    with pytest.raises(DataError, match=r"mnist\.npz"):
        prepare(settings, tmp_path, tmp_path / "q")


def test_published_sizes_are_known_without_files(tmp_path: Path) -> None:
    known = info(DatasetSettings("mnist", None, 500, None, None, 0.1, 0, 20, None, None, None), tmp_path)
    assert known.input_shape == (20, 20, 1) and known.train_examples == 500 and known.validation_examples == 6000
