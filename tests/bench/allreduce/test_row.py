"""Rows from times that are made up: bandwidth, shares, and what is best."""

from typing import Any

import pytest

from nas_cli.bench.allreduce.method import HOROVOD, MEMCPY, PULL, SHIFT, Method, method_of
from nas_cli.bench.allreduce.row import completed, ring_row, served_row, with_shares
from nas_cli.bench.allreduce.table import COLUMNS, best_settings

SIZE = 16_000_000


def rows(horovod_seconds: float = 0.020, cycle_ms: float = 1.0, pieces: int = 1) -> list[dict[str, Any]]:
    made = [
        ring_row(Method(SHIFT), SIZE, 2, [0.008, 0.010, 0.030], 0.048, 3),
        ring_row(Method(MEMCPY), SIZE, 2, [0.002], 0.004, 1),
        ring_row(Method(HOROVOD, cycle_ms, 128, pieces), SIZE, 2, [horovod_seconds], 0.032, 1),
    ]
    return with_shares(made)


def test_the_median_time_gives_the_bandwidth_and_the_shares() -> None:
    shift, memcpy, horovod = rows()
    assert (shift["seconds"], shift["gb_per_second"]) == (0.010, pytest.approx(1.6))
    assert (shift["least_seconds"], shift["best_gb_per_second"]) == (0.008, pytest.approx(2.0))
    assert horovod["share_of_shift"] == pytest.approx(0.5)
    assert horovod["best_share_of_shift"] == pytest.approx(0.4)
    assert horovod["share_of_memcpy"] == pytest.approx(0.1)
    assert "share_of_shift" not in memcpy


def test_processor_seconds_are_those_of_all_bytes_on_the_way() -> None:
    """Two processes send 16 MB each, three times: 96 MB for 48 ms."""
    assert rows()[0]["cpu_seconds_per_gb"] == pytest.approx(0.5)


def test_a_server_is_as_fast_as_what_it_passes_while_anything_is_on_the_way() -> None:
    """Round 1: two messages within 20 ms, one beside the other; round 2: one after the other in 40 ms."""
    rounds = [[(0.0, 0.020), (0.005, 0.015)], [(1.0, 1.020), (1.030, 1.050)]]
    row = served_row(Method(PULL), SIZE, 2, rounds, 0.064)
    assert row["gb_per_second"] == pytest.approx(4 * SIZE / 0.060 / 1e9)
    assert row["best_gb_per_second"] == pytest.approx(1.6)
    assert row["seconds"] == pytest.approx(0.020)
    assert row["cpu_seconds_per_gb"] == pytest.approx(1.0)


def test_the_fastest_of_one_tensor_is_best() -> None:
    table = [*rows(0.020, 1.0), rows(0.016, 5.0)[2], rows(0.010, 0.1, pieces=16)[2]]
    (best,) = best_settings(table)
    assert (best["cycle_ms"], best["share_of_shift"]) == (5.0, pytest.approx(0.625))


def test_a_row_has_the_columns_of_the_table_and_tells_its_method() -> None:
    row = completed(rows()[2], "gloo", cores=1)
    assert set(row) == set(COLUMNS)
    assert row["oversubscribed"] is True
    assert method_of(row) == Method(HOROVOD, 1.0, 128)
    assert completed(rows()[0], "gloo", cores=2)["collective"] == ""
