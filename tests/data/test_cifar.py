import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest

from nas_cli.data.dataset import Dataset
from nas_cli.data.formats.cifar_pickle import read_batch
from nas_cli.data.inventory import verify
from nas_cli.data.prepare import prepare
from nas_cli.data.sets.cifar10 import CIFAR10
from nas_cli.data.settings import DatasetSettings
from nas_cli.errors import DataError
from tests.data.contract import DatasetContract
from tests.data.publishers import cifar_pickle, write_cifar10


class TestCifar10(DatasetContract):
    name = "cifar10"

    def make(self, data_dir: Path) -> dict[str, object]:
        write_cifar10(data_dir / "cifar-10-batches-py", per_file=30)
        return {}

    def test_the_archive_gives_the_same_as_the_folder(
        self, settings: DatasetSettings, data_dir: Path, prepared: Dataset, tmp_path: Path
    ) -> None:
        packed = tmp_path / "packed"
        packed.mkdir()
        with tarfile.open(packed / "cifar-10-python.tar.gz", "w:gz") as archive:
            archive.add(data_dir / "cifar-10-batches-py", "cifar-10-batches-py")
        again = prepare(settings, packed, tmp_path / "again")
        assert again.split_digest == prepared.split_digest
        np.testing.assert_array_equal(again.train.x, prepared.train.x)
        assert [path.name for path in packed.iterdir()] == ["cifar-10-python.tar.gz"]

    def test_truncated_archive(self, settings: DatasetSettings, data_dir: Path, tmp_path: Path) -> None:
        path = tmp_path / "cifar-10-python.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            archive.add(data_dir / "cifar-10-batches-py", "cifar-10-batches-py")
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        with pytest.raises(DataError, match=r"cifar-10-python\.tar\.gz is truncated"):
            prepare(settings, tmp_path, tmp_path / "p")

    def test_truncated_batch(self, settings: DatasetSettings, data_dir: Path, tmp_path: Path) -> None:
        path = data_dir / "cifar-10-batches-py" / "data_batch_3"
        path.write_bytes(path.read_bytes()[:-100])
        with pytest.raises(DataError, match="data_batch_3"):
            prepare(settings, data_dir, tmp_path / "p")
        assert [check.status for check in verify("cifar10", data_dir)].count("damaged") == 1

    def test_a_batch_of_published_size_with_another_content_is_refused(
        self, settings: DatasetSettings, data_dir: Path, tmp_path: Path
    ) -> None:
        (data_dir / "cifar-10-batches-py" / "data_batch_2").write_bytes(cifar_pickle(10_000, 10, b"labels"))
        with pytest.raises(DataError, match="data_batch_2 has 10000 examples but not the published checksum"):
            prepare(settings, data_dir, tmp_path / "p")

    def test_fewer_batches_are_a_subset(self, settings: DatasetSettings, data_dir: Path, tmp_path: Path) -> None:
        (data_dir / "cifar-10-batches-py" / "data_batch_5").unlink()
        made = prepare(settings, data_dir, tmp_path / "p")
        assert made.provenance.counts == {"train": 120, "test": 30}
        assert made.provenance.status == "unverified subset"


class TestCifar100(DatasetContract):
    name = "cifar100"

    def make(self, data_dir: Path) -> dict[str, object]:
        folder = data_dir / "cifar-100-python"
        folder.mkdir()
        (folder / "train").write_bytes(cifar_pickle(1000, 100, b"fine_labels", 1))
        (folder / "test").write_bytes(cifar_pickle(200, 100, b"fine_labels", 2))
        return {}


def test_planes_become_channels() -> None:
    rows = np.arange(3072, dtype=np.uint64).astype(np.uint8)[None]
    data = pickle.dumps({b"data": rows, b"labels": [3]}, protocol=2)
    images, labels = read_batch(data, "labels", "x")
    assert labels.tolist() == [3]
    # Row 1, column 2 of the green plane is byte 1024 + 32 + 2.
    assert images[0, 1, 2, 1] == (1024 + 34) % 256


class _Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        import os

        return os.system, ("touch /tmp/never",)


@pytest.mark.parametrize(
    "record",
    [
        {b"data": _Evil(), b"labels": [0]},
        {b"data": np.array([print], object), b"labels": [0]},
        {b"data": np.zeros((1, 3072), np.float64), b"labels": [0]},
        {b"data": np.zeros((1, 3071), np.uint8), b"labels": [0]},
        {b"data": np.zeros((2, 3072), np.uint8), b"labels": [0]},
        {b"labels": [0]},
        [1, 2],
    ],
)
def test_nothing_else_is_unpickled(record: object) -> None:
    with pytest.raises(DataError, match="the_file"):
        read_batch(pickle.dumps(record, protocol=2), "labels", "the_file")


def test_codecs_other_than_latin1_are_refused() -> None:
    attack = b"\x80\x02c_codecs\nencode\nX\x03\x00\x00\x00abcX\x03\x00\x00\x00zip\x86R."
    with pytest.raises(DataError, match="codec"):
        read_batch(attack, "labels", "the_file")


@pytest.mark.parametrize(
    "place",
    [
        "datasets/cifar-10-batches-py",
        "keras/datasets/cifar-10-batches-py",
        "keras/datasets/cifar-10-batches-py-target/cifar-10-batches-py",
    ],
)
def test_places_of_keras(tmp_path: Path, place: str) -> None:
    write_cifar10(tmp_path / place, per_file=10)
    assert CIFAR10.find(tmp_path / "datasets") == tmp_path / place
