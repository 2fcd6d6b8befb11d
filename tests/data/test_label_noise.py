"""Labels that are wrong on purpose: how many, which, and only in the training split."""

from pathlib import Path

import numpy as np
import pytest

from nas_cli.data.label_noise import noisy_digest, noisy_labels
from nas_cli.data.prepare import prepare
from nas_cli.errors import ConfigError
from tests.data.test_prepare import synthetic

DIGEST = "0123456789abcdef" * 4


@pytest.mark.parametrize("share", [0.0, 0.2, 0.4, 0.99])
def test_the_share_is_exact_and_every_changed_label_is_another_class(share: float) -> None:
    labels = np.arange(1000) % 10
    noisy = noisy_labels(labels, 10, share, DIGEST)
    assert (noisy != labels).sum() == round(share * 1000)
    assert set(noisy) <= set(range(10))
    assert (labels == np.arange(1000) % 10).all()


def test_noise_follows_from_the_split_and_grows_with_the_share() -> None:
    labels = np.arange(600) % 3
    few, many = (noisy_labels(labels, 3, share, DIGEST) for share in (0.2, 0.4))
    changed = few != labels
    assert (few[changed] == many[changed]).all()
    assert (noisy_labels(labels, 3, 0.2, DIGEST) == few).all()
    assert (noisy_labels(labels, 3, 0.2, "f" * 64) != few).any()
    assert noisy_digest(DIGEST, few) != noisy_digest(DIGEST, many)


def test_every_other_class_is_as_likely() -> None:
    noisy = noisy_labels(np.zeros(9000, np.int64), 4, 0.999, DIGEST)
    counts = np.bincount(noisy, minlength=4)[1:]
    assert counts.min() > 2800


def test_only_training_labels_change_and_the_provenance_says_so(tmp_path: Path) -> None:
    clean = prepare(synthetic(classes=3, examples=60), tmp_path, tmp_path / "clean")
    noisy = prepare(synthetic(classes=3, examples=60, label_noise=0.4), tmp_path, tmp_path / "noisy")
    changed = int((clean.train.y != noisy.train.y).sum())
    assert changed == round(0.4 * len(clean.train)) == noisy.provenance.changed_labels
    assert (clean.train.x == noisy.train.x).all()
    assert (clean.validation.y == noisy.validation.y).all()
    assert (clean.test.y == noisy.test.y).all()
    assert clean.split_digest != noisy.split_digest
    assert f"{changed:,}" in (noisy.provenance.note or "")
    assert clean.provenance.changed_labels == 0


def test_noise_needs_classes(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"dataset.label_noise=0.2"):
        prepare(
            synthetic(name="boston", label_noise=0.2, shape=None, classes=None, examples=None), tmp_path, tmp_path / "x"
        )
