"""A method at one message size as a row of the table."""

import os
import socket
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nas_cli.bench.allreduce.bus import GIGA, bus_bandwidth, ring_bytes, seconds_per_gigabyte
from nas_cli.bench.allreduce.method import HOROVOD, MEMCPY, SHIFT, Method
from nas_cli.distributed.server_traffic import Interval, busy_seconds

Row = dict[str, Any]

MODE = "allreduce"


def ring_row(
    method: Method,
    size_bytes: int,
    processes: int,
    seconds: Sequence[float],
    cpu_seconds: float,
    rounds: int,
    idle: float = 0.0,
) -> Row:
    """The row of a method of the ring from the seconds of every operation; shares are still missing."""
    middle, least = statistics.median(seconds), min(seconds)
    return {
        **_head(method, size_bytes, processes),
        "seconds": middle,
        "least_seconds": least,
        "gb_per_second": bus_bandwidth(size_bytes, middle, processes) / GIGA,
        "best_gb_per_second": bus_bandwidth(size_bytes, least, processes) / GIGA,
        "idle_cores": idle if method.method == HOROVOD else None,
        "cpu_seconds_per_gb": seconds_per_gigabyte(cpu_seconds, len(seconds) * ring_bytes(size_bytes, processes)),
        "operations": len(seconds),
        "rounds": rounds,
    }


def served_row(
    method: Method, size_bytes: int, processes: int, rounds: Sequence[Sequence[Interval]], cpu_seconds: float
) -> Row:
    """The row of one direction of a server from when each message began and ended, a list for each round."""
    lengths = [end - begin for intervals in rounds for begin, end in intervals]
    busy = [busy_seconds(intervals) for intervals in rounds]
    moved = [size_bytes * len(intervals) for intervals in rounds]
    return {
        **_head(method, size_bytes, processes),
        "seconds": statistics.median(lengths),
        "least_seconds": min(lengths),
        "gb_per_second": sum(moved) / sum(busy) / GIGA,
        "best_gb_per_second": max(bytes_ / time for bytes_, time in zip(moved, busy, strict=True)) / GIGA,
        "cpu_seconds_per_gb": seconds_per_gigabyte(cpu_seconds, sum(moved)),
        "operations": len(lengths),
        "rounds": len(rounds),
    }


def with_shares(rows: Iterable[Row]) -> list[Row]:
    """The rows of one size, those of Horovod with their shares of the ceilings."""
    found = list(rows)
    shift = next((row for row in found if row["method"] == SHIFT), None)
    memcpy = next((row for row in found if row["method"] == MEMCPY), None)
    return [row | (_shares(row, shift, memcpy) if row["method"] == HOROVOD else {}) for row in found]


def completed(row: Row, collective: str, cores: int) -> Row:
    """The row with what is the same in all of a size."""
    return {
        **row,
        "collective": collective if row["method"] == HOROVOD else "",
        "oversubscribed": row["processes"] > cores,
        "load": round(os.getloadavg()[0], 2),
        "host": socket.gethostname(),
    }


def _head(method: Method, size_bytes: int, processes: int) -> Row:
    return {
        "kind": "measured",
        "mode": MODE,
        "method": method.method,
        "label": method.label,
        "processes": processes,
        "message_bytes": size_bytes,
        "pieces": method.pieces,
        "cycle_ms": method.cycle_ms,
        "fusion_mb": method.fusion_mb,
    }


def _shares(row: Mapping[str, Any], shift: Mapping[str, Any] | None, memcpy: Mapping[str, Any] | None) -> Row:
    shares: Row = {}
    if shift is not None:
        shares["shift_gb_per_second"] = shift["gb_per_second"]
        shares["share_of_shift"] = row["gb_per_second"] / shift["gb_per_second"]
        shares["best_share_of_shift"] = row["best_gb_per_second"] / shift["best_gb_per_second"]
    if memcpy is not None:
        shares["share_of_memcpy"] = row["gb_per_second"] / memcpy["gb_per_second"]
    return shares
