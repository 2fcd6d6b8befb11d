"""In every synchronous mode W processes with batches of b follow the same weights as one with batches of W·b.

Equal to a relative 1e-5 after five steps: sums of float32 in another order. The network has neither batch norm, whose
statistics are those of a process's own share, nor dropout.
"""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nas_cli.bench.measuring.job import carry_out
from nas_cli.bench.measuring.measurement import Measurement
from nas_cli.distributed.preflight import preflight

pytestmark = [
    pytest.mark.horovod,
    pytest.mark.skipif(importlib.util.find_spec("horovod") is None, reason="Horovod is not installed"),
]

RELATIVE, ABSOLUTE = 1e-5, 1e-7


def trained(folder: Path, mode: str, processes: int, **more: Any) -> list[np.ndarray]:
    job = Measurement(
        mode=mode, model="lenet_300_100", processes=processes, threads=1, batch=4, image_size=8, iterations=3,
        warmup=2, seed=1, weights=True, **more,
    )  # fmt: skip
    plan = preflight(processes, None, 2, horovod=mode == "ring-allreduce")
    file = folder / f"{mode}-{processes}.npz"
    result = carry_out(job, folder, folder / "log", plan, keep=file)
    assert not list(folder.glob("job-*"))
    if mode == "ps-sync":
        assert sum(result["server_bytes"]) == 4 * sum(result["tensors"])
        assert sum(len(each) for each in result["served"]["busy"]) == 3 * processes
    with np.load(file) as kept:
        return [kept[name] for name in kept.files]


def check(folder: Path, mode: str, processes: int, **more: Any) -> None:
    one = trained(folder, "independent", 1, shares=processes)
    several = trained(folder, mode, processes, **more)
    for mine, theirs in zip(one, several, strict=True):
        np.testing.assert_allclose(theirs, mine, RELATIVE, ABSOLUTE)
    # They have moved, each by the data of all.
    alone = trained(folder, "independent", 1)
    assert any(not np.allclose(theirs, mine, RELATIVE, ABSOLUTE) for mine, theirs in zip(alone, several, strict=True))


def test_a_ring_of_two_follows_one_process_with_the_whole_batch(tmp_path: Path) -> None:
    check(tmp_path, "ring-allreduce", 2)


@pytest.mark.slow
def test_a_ring_of_four_follows_one_process_with_the_whole_batch(tmp_path: Path) -> None:
    check(tmp_path, "ring-allreduce", 4)


@pytest.mark.slow
@pytest.mark.parametrize(("workers", "servers"), [(2, 1), (2, 2), (4, 2)])
def test_synchronous_parameter_servers_follow_one_process_with_the_whole_batch(
    tmp_path: Path, workers: int, servers: int
) -> None:
    check(tmp_path, "ps-sync", workers, servers=servers)
