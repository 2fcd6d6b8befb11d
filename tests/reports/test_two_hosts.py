"""Rows of two links, and what the projection calibrated at one says of the other."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nas_cli.bench.projection.calibrate import with_value
from nas_cli.bench.projection.cluster import Cluster, load_cluster
from nas_cli.bench.projection.workload import Workload
from nas_cli.errors import DataError
from nas_cli.reports.experiments.two_hosts import NO_LINK, averaged, build_two_hosts, projections, read_rows
from nas_cli.reports.reproduction import row as kinds
from nas_cli.reports.reproduction.page import rows as page_rows
from nas_cli.reports.reproduction.row import DIRECTION, NOT, NOT_RUN, REPRODUCED, Row

PROFILE = Path(__file__).parents[2] / "scripts" / "two_hosts.yaml"
MEGABYTES = {"small": 4.0, "large": 100.0}
ALONE = 50.0


def find(name: str) -> Workload:
    return Workload(name, 32, 10**6, (int(MEGABYTES[name] * 250_000),))


def row(cluster: str, mode: str, model: str, rate: float, processes: int = 2) -> dict[str, Any]:
    served = mode.startswith("ps")
    return {"cluster": cluster, "mode": mode, "model": model, "processes": processes, "servers": int(served),
            "batch": 10, "images_per_second": rate, "uncertainty": 0.1, "efficiency": 1.0,
            "efficiency_independent": 1.0, "bytes_moved": 1e6, "bytes_counted": 1e6}  # fmt: skip


def rows(seconds: float = 0.0) -> list[dict[str, Any]]:
    """Steps of 0.2 s of computing, of which nothing hides a transfer over nine tenths of the link; a server's is once
    in each direction, and is beside the first worker, which does not wait for the other where steps are asynchronous,
    but stands still while the server moves 0.5 GB/s for it. `seconds`: what the second link's steps take besides."""
    made = [row(NO_LINK, "independent", model, 2 * ALONE) for model in MEGABYTES]
    made += [row(NO_LINK, "ps-async", model, 10 / 0.2, processes=1) for model in MEGABYTES]
    for mbit_s, more in ((1000, 0.0), (200, seconds)):
        for model, size in MEGABYTES.items():
            one_way = size / (mbit_s / 8 * 0.9)
            ring, served = 0.2 + one_way + more, 0.2 + 2 * one_way + more
            near = 10 / 0.2 * (1 - 2 * size / 500 / served)
            rates = {"ring-allreduce": 20 / ring, "ps-sync": 20 / served, "ps-async": near + 10 / served}
            made += [row(f"{mbit_s} Mbit/s", mode, model, rate) for mode, rate in rates.items()]
    return made


def start() -> Cluster:
    """The profile, without any hiding and its other small times."""
    made = load_cluster(str(PROFILE), PROFILE.parent)
    for name in ("gloo", "grpc"):
        for key, value in (("overlap", 0.0), ("latency_us", 0.0), ("gb_s", 1e6)):
            made = with_value(made, f"transports.{name}.{key}", value)
    for name in ("transports.grpc.inside_gb_s", "local.device_gb_s", "local.host_gb_s"):
        made = with_value(made, name, 1e6)
    return with_value(with_value(made, "jitter", 0.0), "servers.apply_gb_s", 1e6)  # type: ignore[no-any-return]


def test_what_one_link_tells_holds_for_the_other() -> None:
    table, fits = projections(rows(), start(), find)
    assert list(fits) == ["1000 Mbit/s", "200 Mbit/s"]
    for fit in fits.values():
        assert fit.fitted["network.usable"] == pytest.approx(0.9, rel=0.1)
        assert fit.fitted["servers.core_gb_s"] == pytest.approx(0.5, rel=0.1)
    predicted = table[table["used"] == "predicted"]
    assert len(predicted) == 12
    assert set(predicted["within 20 %"]) == {"yes"}


def test_a_link_that_is_slower_than_its_width_is_not_predicted() -> None:
    table, _ = projections(rows(seconds=30.0), start(), find)
    assert "no" in set(table["within 20 %"])


def test_turns_are_averaged() -> None:
    turns = [row("200 Mbit/s", "ps-async", "small", rate) for rate in (90.0, 100.0, 110.0)]
    (mean, single) = averaged([*turns, row("200 Mbit/s", "ps-sync", "small", 40.0)])
    assert (mean["turns"], mean["images_per_second"], mean["batch"]) == (3, 100.0, 10)
    assert mean["uncertainty"] == pytest.approx(2 * 10 / 3**0.5)
    assert (single["turns"], single["images_per_second"], single["uncertainty"]) == (1, 40.0, 0.1)


def test_the_page_counts_what_was_met(tmp_path: Path) -> None:
    files = build_two_hosts(rows(), PROFILE, find, tmp_path, "command", None)
    assert {file.name for file in files} >= {"two_hosts.csv", "two_hosts_projected.csv", "two_hosts.md"}
    assert " of 12 predictions are within 20 %" in (tmp_path / "two_hosts.md").read_text()
    assert len(read_rows(tmp_path / "two_hosts.csv")) == 16
    with pytest.raises(DataError, match="cannot read the measured rows"):
        read_rows(tmp_path / "none.csv")


def test_the_rows_of_the_results_page(tmp_path: Path) -> None:
    def found(item: str) -> Row:
        (row,) = [row for row in page_rows(tmp_path) if row.item == f"measured: {item}"]
        return row

    rates = "ring and parameter servers between two hosts"
    told = "projection calibrated at one width of the link, told another"
    assert (found(told).verdict, found(told).command) == (NOT_RUN, "`python scripts/two_hosts.py`")
    build_two_hosts(rows(), PROFILE, find, tmp_path / "scaling", "command", 60.0)
    assert (found(rates).verdict, found(rates).time) == (kinds.ALONE, "1 min 00 s, 16 runs")
    assert "small, 1000 Mbit/s: ring-allreduce" in found(rates).ours
    file = tmp_path / "scaling" / "two_hosts_projected.csv"
    table = pd.read_csv(file)
    predicted = (table["used"] == "predicted").to_numpy()
    for met, verdict in (("yes", REPRODUCED), ("no", NOT)):
        table["within 20 %"] = [met if one else "" for one in predicted]
        table.to_csv(file, index=False)
        assert found(told).verdict == verdict
    half = table[predicted].copy()
    half["within 20 %"] = ["yes", *["no"] * 11]
    half["error %"] = [30.0, *[-10.0] * 11]
    half.to_csv(file, index=False)
    assert found(told).verdict == DIRECTION
    assert found(told).ours == "1 of 12 predictions within 20 %, median error 10 %, largest 30 %"
