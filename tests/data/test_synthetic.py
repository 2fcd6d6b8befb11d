import dataclasses
from pathlib import Path

import numpy as np
import pytest

from nas_cli.data.dataset import Dataset
from nas_cli.data.info import info
from nas_cli.data.settings import DatasetSettings
from nas_cli.errors import ConfigError
from tests.data.contract import DatasetContract


class TestSynthetic(DatasetContract):
    name = "synthetic"
    status = "generated"

    def make(self, data_dir: Path) -> dict[str, object]:
        return {"examples": 200}

    def test_a_nearest_mean_classifier_learns_it(self, prepared: Dataset) -> None:
        x = prepared.train.x.reshape(len(prepared.train), -1).astype(float)
        means = np.stack([x[prepared.train.y == label].mean(axis=0) for label in range(prepared.classes)])
        test = prepared.test.x.reshape(len(prepared.test), -1).astype(float)
        predicted = ((test[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
        assert (predicted == prepared.test.y).mean() > 0.8

    @pytest.mark.parametrize("change", [{"shape": (16,)}, {"classes": 1}, {"examples": 5}, {"shape": None}])
    def test_bad_sizes(self, settings: DatasetSettings, data_dir: Path, change: dict[str, object]) -> None:
        with pytest.raises(ConfigError, match=next(iter(change))):
            info(dataclasses.replace(settings, **change), data_dir)  # type: ignore[arg-type]


def test_sizes_are_for_synthetic_only(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="synthetic only"):
        info(DatasetSettings("fashion_mini", None, None, None, None, 0.2, 0, None, None, 4, None), tmp_path)
