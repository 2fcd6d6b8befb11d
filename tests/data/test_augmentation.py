from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from nas_cli.data.augmentation import augment, crop, cutout, flip
from nas_cli.data.batches import batches_per_epoch, epoch_batches
from nas_cli.data.dataset import Split
from nas_cli.data.settings import AugmentationSettings
from nas_cli.errors import ConfigError
from nas_cli.schema import validate

CONF = Path(__file__).resolve().parents[2] / "conf" / "augmentation"
ALL = AugmentationSettings("all", flip=True, crop=2, cutout=3, copies=1)
NONE = AugmentationSettings("none", flip=False, crop=0, cutout=0, copies=1)


def images(dtype: str = "uint8") -> NDArray[Any]:
    return np.random.default_rng(0).integers(1, 256, (64, 8, 6, 3)).astype(dtype)


def test_flip_mirrors_some_and_keeps_the_others() -> None:
    x = images()
    out = flip(x, np.random.default_rng(0))
    mirrored = [np.array_equal(a, b[:, ::-1]) for a, b in zip(out, x, strict=True)]
    kept = [np.array_equal(a, b) for a, b in zip(out, x, strict=True)]
    assert all(m or k for m, k in zip(mirrored, kept, strict=True)) and 16 < sum(mirrored) < 48


def test_crop_is_a_shift_with_zeros() -> None:
    x = images()
    out = crop(x, np.random.default_rng(0), 2)
    padded = np.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)))
    for i in range(len(x)):
        windows = [padded[i, top : top + 8, left : left + 6] for top in range(5) for left in range(5)]
        assert sum(np.array_equal(out[i], window) for window in windows) == 1


def test_cutout_sets_one_square_to_the_mean() -> None:
    out = cutout(np.zeros((200, 9, 9, 2), np.uint8), np.random.default_rng(0), 3, (10.4, 20.0))
    cut = (out == (10, 20)).all(axis=3)
    assert set(cut.sum(axis=(1, 2)).tolist()) == {4, 6, 9}
    assert (out[~cut] == 0).all()


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_shape_type_and_input_are_kept(dtype: str) -> None:
    x = images(dtype)
    before = x.copy()
    out = augment(x, np.random.default_rng(0), ALL, (1.0, 2.0, 3.0))
    assert out.shape == x.shape and out.dtype == x.dtype
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(out, augment(x, np.random.default_rng(0), ALL, (1.0, 2.0, 3.0)))


def test_tables_cannot_be_flipped() -> None:
    rows = np.zeros((4, 13), np.float32)
    assert augment(rows, np.random.default_rng(0), NONE) is rows
    with pytest.raises(ConfigError, match="augmentation=none"):
        augment(rows, np.random.default_rng(0), ALL)


def test_an_epoch_shows_every_image_k_times() -> None:
    split = Split(np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1), np.arange(10))
    tripled = AugmentationSettings("x3", flip=False, crop=0, cutout=0, copies=3)
    batches = list(epoch_batches(split, 4, np.random.default_rng(0), tripled))
    seen = np.concatenate([y for _, y in batches])
    assert np.bincount(seen).tolist() == [3] * 10
    assert [len(y) for _, y in batches] == [4] * 6 + [6]
    assert batches_per_epoch(10, 4, 3) == 7
    assert all((x.ravel() == y).all() for x, y in batches)


def test_a_rest_of_few_examples_joins_the_last_batch() -> None:
    def sizes(examples: int, batch_size: int) -> list[int]:
        split = Split(np.zeros((examples, 1), np.float32), np.zeros(examples, np.int64))
        found = [len(y) for _, y in epoch_batches(split, batch_size, np.random.default_rng(0))]
        assert len(found) == batches_per_epoch(examples, batch_size)
        return found

    assert sizes(64 + 3, 32) == [32, 35]
    assert sizes(64 + 4, 32) == [32, 32, 4]
    assert sizes(256 + 7, 128) == [128, 135]
    assert sizes(3, 32) == [3]
    assert sizes(5, 2) == [2, 3]
    assert sizes(3, 1) == [1, 1, 1]


@pytest.mark.parametrize("path", sorted(CONF.glob("*.yaml")), ids=lambda path: path.stem)
def test_configurations_are_valid(path: Path) -> None:
    settings = validate(AugmentationSettings, yaml.safe_load(path.read_text()))
    assert settings.name == path.stem
