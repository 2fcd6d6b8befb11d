import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest

from nas_cli.data.dataset import Dataset
from nas_cli.data.sets import fashion_mini
from nas_cli.errors import DataError
from tests.data.contract import DatasetContract
from tests.data.publishers import mnist_arrays

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "make_fashion_mini.py"
DEBIAN = Path("/usr/share/datasets/fashion-mnist")


class TestFashionMini(DatasetContract):
    name = "fashion_mini"
    status = "embedded"

    def make(self, data_dir: Path) -> dict[str, object]:
        return {}

    def test_classes_are_equally_frequent(self, prepared: Dataset) -> None:
        assert np.bincount(prepared.train.y).tolist() == [800] * 10
        assert np.bincount(prepared.validation.y).tolist() == [200] * 10
        assert np.bincount(prepared.test.y).tolist() == [200] * 10


def test_an_altered_archive_is_refused(tmp_path: Path) -> None:
    arrays = mnist_arrays()
    fashion_mini.write(arrays, tmp_path)
    shutil.copy(fashion_mini.FOLDER / "fashion_mini.sha256", tmp_path)
    with pytest.raises(DataError, match="recorded checksum"):
        fashion_mini._arrays(tmp_path)


def test_a_written_archive_is_read_back(tmp_path: Path) -> None:
    arrays = mnist_arrays()
    fashion_mini.write(arrays, tmp_path)
    for part, array in fashion_mini._arrays(tmp_path).items():
        np.testing.assert_array_equal(array, arrays[part])


def test_the_licence_is_beside_it_and_it_is_small() -> None:
    assert "Zalando" in (fashion_mini.FOLDER / "LICENSE-fashion-mnist").read_text()
    assert (fashion_mini.FOLDER / "fashion_mini.npz").stat().st_size <= 5_000_000


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="needs the published files of Fashion-MNIST")
def test_the_script_draws_what_is_embedded() -> None:
    script = runpy.run_path(str(SCRIPT))
    drawn = script["draw"](script["read_published"](DEBIAN))
    recorded = (fashion_mini.FOLDER / "fashion_mini.sha256").read_text().split()[0]
    assert fashion_mini.content_digest(drawn) == recorded
