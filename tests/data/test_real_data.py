"""The real files, where NAS_DATA_DIR has them."""

import os
from pathlib import Path

import numpy as np
import pytest
import yaml

from nas_cli.data.catalog import reader
from nas_cli.data.info import info
from nas_cli.data.inventory import verify
from nas_cli.data.prepare import prepare
from nas_cli.data.settings import DatasetSettings
from nas_cli.schema import validate
from tests.data.contract import CONF

REAL = Path(os.environ["NAS_DATA_DIR"]) if "NAS_DATA_DIR" in os.environ else None

# Means of the complete published training sets, in 0..255 (MNIST 0.1307; CIFAR-10 0.4914, 0.4822, 0.4465).
MEANS = {"mnist": [33.318], "cifar10": [125.307, 122.950, 113.865], "fashion_mnist": [72.940]}


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar10", "cifar100", "tiny_imagenet", "boston"])
def test_real_files(name: str, tmp_path: Path) -> None:
    if REAL is None or reader(name).find(REAL) is None:
        pytest.skip(f"NAS_DATA_DIR has no {name}")
    values = yaml.safe_load((CONF / f"{name}.yaml").read_text())
    if name == "tiny_imagenet":
        values |= {"train_size": 400, "valid_size": 200, "test_size": 200}
    settings = validate(DatasetSettings, values)
    known = info(settings, REAL)
    made = prepare(settings, REAL, tmp_path / "p")
    assert (known.train_examples, known.input_shape) == (len(made.train), made.input_shape)
    complete = made.provenance.counts["train"] == reader(name).card.train
    assert made.provenance.status in (("verified", "unverified") if complete else ("unverified subset",))
    if complete and name in MEANS:
        np.testing.assert_allclose(made.mean, MEANS[name], atol=0.2)
    if name != "tiny_imagenet":
        assert all(check.ok for check in verify(name, REAL))
