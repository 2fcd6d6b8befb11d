"""The rows of every distributed benchmark, measured or projected: their columns, and their CSV."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nas_cli.errors import DataError

COLUMNS = (
    "kind", "cluster", "mode", "model", "processes", "servers", "batch", "image_size", "images_per_second",
    "uncertainty", "jitter", "efficiency", "efficiency_independent", "oversubscribed", "binds", "transport",
    "step_seconds", "compute_seconds", "waiting_seconds", "worker_link_seconds", "server_link_seconds",
    "latency_seconds", "exposed_seconds",
)  # fmt: skip
"""`kind`: measured or projected. `batch`: images per worker. `image_size`: pixels per side. `uncertainty`, `jitter`: of
images per second, of a measurement. `efficiency`: T_W / (W · T_1); `efficiency_independent`: T_W over that of W
processes without communication. What follows is known of projections only."""

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
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else value


def read_measured(file: Path) -> list[Measured]:
    """The measured rows of a CSV with at least the columns mode, model, processes, batch and images_per_second.

    Further columns but servers, transport and cluster are ignored; so are projected rows.

    Raises:
        DataError: naming the file and the line, if it cannot be read, a column is missing, or a number is none.
    """
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            found = list(csv.DictReader(lines))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"cannot read the measured rows in {file}: {error}.") from error
    if not found:
        raise DataError(f"{file} has no rows: it needs a header with {', '.join(NEEDED)}, and a line per measurement.")
    missing = [column for column in NEEDED if column not in found[0]]
    if missing:
        raise DataError(f"{file} has no column '{missing[0]}': it needs {', '.join(NEEDED)}.")
    kept = [(line, row) for line, row in enumerate(found, start=2) if row.get("kind") != "projected"]
    return [_measured(row, f"line {line} of {file}") for line, row in kept]


def _measured(row: Mapping[str, str | None], where: str) -> Measured:
    try:
        made = Measured(
            mode=str(row["mode"]),
            model=str(row["model"]),
            processes=int(row["processes"] or ""),
            servers=int(row.get("servers") or 0) or None,
            batch=int(row["batch"] or ""),
            images_per_second=float(row["images_per_second"] or ""),
            transport=row.get("transport") or "",
            cluster=row.get("cluster") or "",
        )
    except ValueError as error:
        raise DataError(f"{where}: {error}.") from error
    if made.processes < 1 or made.batch < 1 or not 0 < made.images_per_second < float("inf"):
        raise DataError(f"{where}: processes, batch and images_per_second must be above 0.")
    return made
