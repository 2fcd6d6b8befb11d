"""The columns of the rows, and what is best among them; no process is needed for that."""

from collections.abc import Mapping, Sequence
from typing import Any

COLUMNS = (
    "kind", "mode", "method", "label", "collective", "processes", "message_bytes", "pieces", "cycle_ms", "fusion_mb",
    "seconds", "least_seconds", "gb_per_second", "best_gb_per_second", "shift_gb_per_second", "share_of_shift",
    "best_share_of_shift", "share_of_memcpy", "cpu_seconds_per_gb", "idle_cores", "operations", "rounds",
    "oversubscribed", "load", "host",
)  # fmt: skip
"""`seconds`: the median of `operations` operations in `rounds` rounds, each as long as the process that took longest;
`least_seconds` the shortest. `gb_per_second`: 10^9 bytes per second that each process sends (bus bandwidth) in the
median, `best_gb_per_second` in the shortest time; of a server, that pass it in one direction, all workers together, in
all rounds and in the best one. `shift_gb_per_second`: of the ceiling, measured before and after this row. Shares: of
that of a ceiling in the same processes and size (`best_…`: of its best). `idle_cores`: cores that a process of Horovod
takes while nothing is sent. `load`: the processes that wanted a
core, one-minute mean, when the row was done: beyond those of the job it is other work."""


def best_settings(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """For each number of processes and message size the fastest of Horovod's rows of one tensor: its settings, and
    the shares of the ceiling that it has reached."""
    kept = ("processes", "message_bytes", "label", "cycle_ms", "fusion_mb", "gb_per_second", "share_of_shift",
            "best_share_of_shift", "cpu_seconds_per_gb", "idle_cores")  # fmt: skip
    best: dict[tuple[int, int], Mapping[str, Any]] = {}
    for row in rows:
        key = row["processes"], row["message_bytes"]
        if row.get("share_of_shift") is not None and row["pieces"] == 1:
            best[key] = max(best.get(key, row), row, key=lambda one: float(one["gb_per_second"]))
    return [{name: row[name] for name in kept} for _, row in sorted(best.items())]
