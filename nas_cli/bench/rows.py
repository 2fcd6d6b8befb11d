"""The rows of every distributed benchmark, measured or projected: their columns, and their CSV."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from nas_cli.errors import DataError

Number = TypeVar("Number", int, float)

COLUMNS = (
    "kind", "cluster", "mode", "model", "processes", "servers", "batch", "image_size", "images_per_second",
    "uncertainty", "jitter", "efficiency", "efficiency_independent", "oversubscribed", "binds", "transport",
    "step_seconds", "compute_seconds", "waiting_seconds", "worker_link_seconds", "server_link_seconds",
    "latency_seconds", "exposed_seconds", "threads", "iterations", "warmup", "params", "bytes_moved", "bytes_counted",
    "bytes_per_server", "cpu_seconds", "peak_memory_bytes", "staleness", "most_staleness", "host",
)  # fmt: skip
"""`kind`: measured, reference (measured, one process with all cores) or projected. `batch`: images per worker.
`image_size`: pixels per side. `uncertainty`, `jitter`: of images per second, of a measurement. `efficiency`:
T_W / (W · T_1); `efficiency_independent`: T_W over that of W processes without communication. `oversubscribed`: a host
has more workers and servers than cores, or a projected one more workers than devices. From `binds` to
`exposed_seconds` known of projections only (`transport` and `step_seconds` of measurements too), what follows of
measurements only: `threads` of each process; bytes per step of all processes, as the method has it (`bytes_moved`) and
as the network devices of all hosts have counted (`bytes_counted`); `bytes_per_server` of the variables; `cpu_seconds`
of all processes in the time measured; `peak_memory_bytes` of all together; `staleness`: mean number of updates between
the reading and the writing of an asynchronous step, `most_staleness` the largest."""

PROJECTED, REFERENCE = "projected", "reference"

NEEDED = ("mode", "model", "processes", "batch", "images_per_second")


@dataclass(frozen=True)
class Measured:
    """A measured row, as far as a calibration needs it; `servers` None where it is not known, `transport` and
    `cluster` '' likewise."""

    mode: str
    model: str
    processes: int
    servers: int | None
    batch: int
    images_per_second: float
    transport: str = ""
    cluster: str = ""


def csv_text(rows: Iterable[Mapping[str, Any]], columns: Sequence[str] = COLUMNS) -> str:
    """The rows as CSV with a header; an empty cell where a value is missing."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_text(row.get(column)) for column in columns])
    return buffer.getvalue()


def _text(value: Any) -> Any:
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else value


def read_measured(file: Path) -> list[Measured]:
    """The measured rows of a CSV with at least the columns mode, model, processes, batch and images_per_second.

    Further columns but servers, transport and cluster are ignored; so are projected and reference rows.

    Raises:
        DataError: naming the file and the line, if it cannot be read, a column is missing, or a number is none.
    """
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            found = list(csv.DictReader(lines))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"cannot read the measured rows in {file}: {reason}.") from error
    if not found:
        raise DataError(f"{file} has no rows: it needs a header with {', '.join(NEEDED)}, and a line per measurement.")
    missing = [column for column in NEEDED if column not in found[0]]
    if missing:
        raise DataError(f"{file} has no column '{missing[0]}': it needs {', '.join(NEEDED)}.")
    kept = [(line, row) for line, row in enumerate(found, start=2) if row.get("kind") not in (PROJECTED, REFERENCE)]
    return [_measured(row, f"line {line} of {file}") for line, row in kept]


def _measured(row: Mapping[str, str | None], where: str) -> Measured:
    try:
        made = Measured(
            mode=str(row["mode"]),
            model=str(row["model"]),
            processes=_number(row, "processes", int),
            servers=(_number(row, "servers", int) if row.get("servers") else 0) or None,
            batch=_number(row, "batch", int),
            images_per_second=_number(row, "images_per_second", float),
            transport=row.get("transport") or "",
            cluster=row.get("cluster") or "",
        )
    except ValueError as error:
        raise DataError(f"{where}: {error}.") from error
    if made.processes < 1 or made.batch < 1 or not 0 < made.images_per_second < float("inf"):
        raise DataError(f"{where}: processes, batch and images_per_second must be above 0.")
    return made


def _number(row: Mapping[str, str | None], column: str, kind: type[Number]) -> Number:
    try:
        return kind(row[column] or "")
    except ValueError:
        whole = "whole " if kind is int else ""
        raise ValueError(f"{column} must be a {whole}number, got '{row[column] or ''}'") from None
