"""Two processes shrink as one: the same channels alive, and the same weights, bit for bit."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from nas_cli.distributed.launcher import launch
from nas_cli.distributed.preflight import preflight

pytestmark = [
    pytest.mark.horovod,
    pytest.mark.skipif(importlib.util.find_spec("horovod") is None, reason="Horovod is not installed"),
]


def test_both_processes_keep_the_same_channels_and_weights(tmp_path: Path) -> None:
    job = [sys.executable, "-m", "tests.morph.ring_job", str(tmp_path)]
    assert launch(preflight(2, None, cores=2), job, tmp_path / "log.txt") == 0, (tmp_path / "log.txt").read_text()
    first, second = (json.loads((tmp_path / rank / "said.json").read_text(encoding="utf-8")) for rank in "01")
    assert first == second
    assert sum(first["alive"].values()) < 32
    with np.load(tmp_path / "0" / "weights.npz") as one, np.load(tmp_path / "1" / "weights.npz") as other:
        for name in one.files:
            np.testing.assert_array_equal(one[name], other[name])
