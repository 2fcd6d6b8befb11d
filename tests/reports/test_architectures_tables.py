"""`results/architectures/` from made-up runs: what cheap networks are worth at equal cost."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nas_cli.errors import RunError
from nas_cli.reports.experiments.architectures import build_architectures
from nas_cli.reports.experiments.pruning import TOGETHER
from nas_cli.reports.reproduction.page import rows
from nas_cli.reports.reproduction.row import DIRECTION, NOT, NOT_RUN, REPRODUCED
from tests.reports.journals import training_events, write_run

ZOO = "efficient architectures: MobileNet and others of the zoo"
CHAINS = "efficient architectures: separable in place of whole convolutions"
NETWORKS = {
    "resnet20-0.1": (0.5, 1, 1.0),
    "resnet20-0.5": (0.6, 100, 4.0),
    "mobilenet-0.25": (0.57, 10, 8.0),
    "conv-1": (0.6, 9, 6.0),
    "separable-1": (0.59, 1, 2.0),
}
"""Test accuracy, million MACs, and milliseconds at batch 32."""


def made(root: Path, timed: bool = True, **accuracy: float) -> Path:
    for name, (test, mmacs, _) in NETWORKS.items():
        events: list[dict[str, Any]] = training_events(epochs=2)
        events[0]["cost"] = {"flops": 2_000_000 * mmacs, "macs": 1_000_000 * mmacs, "params": 1000}
        for event in events:
            if event["event"] == "test":
                event["metrics"]["test_accuracy"] = accuracy.get(name.split("-")[0], test)
        write_run(root / "cifar10" / f"{name}-0", events)
    times = {f"{name}-0": {"batch_1": 2 * ms, "batch_32": ms} for name, (_, _, ms) in NETWORKS.items()}
    if timed:
        (root / "cifar10" / TOGETHER.format(seed=0)).write_text(json.dumps(times))
    return root


def verdict(results: Path, item: str) -> str:
    (row,) = [row for row in rows(results) if row.item == item]
    return row.verdict


def test_a_network_is_compared_with_resnets_that_cost_as_much(tmp_path: Path) -> None:
    """Ten million MACs are half way from 1 to 100 on a logarithmic axis: 55 % are expected. Eight milliseconds are
    longer than any ResNet takes; two are half way from one to four."""
    build_architectures(made(tmp_path / "runs"), tmp_path / "architectures", "the command")
    told = pd.read_csv(tmp_path / "architectures" / "claims.csv").set_index("claim")
    assert told["points"].to_dict() == pytest.approx({
        "mobilenet 0.25, less resnet20 at equal MACs": 2.0,
        "chain, separable, less resnet20 at equal MACs": 9.0,
        "chain, separable, less resnet20 at equal measured time": 4.0,
        "chain, separable less whole": -1.0,
    })  # fmt: skip
    assert told["fewer_macs"].to_dict()["chain, separable less whole"] == 9.0
    assert told["faster"].to_dict()["chain, separable less whole"] == 3.0


def test_the_rows_of_the_lecture(tmp_path: Path) -> None:
    build_architectures(made(tmp_path / "runs"), tmp_path / "architectures", "the command")
    assert [verdict(tmp_path, item) for item in (ZOO, f"{ZOO}, by time", CHAINS)] == [REPRODUCED] * 3
    worse = made(tmp_path / "worse", mobilenet=0.5, separable=0.54)
    build_architectures(worse, tmp_path / "architectures", "the command")
    assert [verdict(tmp_path, item) for item in (ZOO, f"{ZOO}, by time", CHAINS)] == [DIRECTION, NOT, DIRECTION]


def test_without_times_only_macs_are_compared(tmp_path: Path) -> None:
    build_architectures(made(tmp_path / "runs", timed=False), tmp_path / "architectures", "the command")
    found = [verdict(tmp_path, item) for item in (ZOO, f"{ZOO}, by time", CHAINS)]
    assert found == [REPRODUCED, NOT_RUN, NOT_RUN]


def test_without_a_complete_run_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no complete runs"):
        build_architectures(tmp_path, tmp_path / "out", "the command")
