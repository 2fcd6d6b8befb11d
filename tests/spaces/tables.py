"""Small tables in a folder, for the tests of space and estimator."""

from itertools import product
from pathlib import Path
from typing import Any

from nas_cli.spaces.table import TableSettings, TableSpace

DESCRIPTION = """
file: table.csv
decisions: [depth, kernel, op]
fitness: {4: acc_4, 16: acc_16}
test: test_16
seconds: {16: seconds_16}
epochs: 4
costs:
  params: {column: params_m, factor: 1e6}
  flops: flops
"""

HEADER = "depth,kernel,op,acc_4,acc_16,test_16,seconds_16,params_m,flops,note"


def row(depth: int, kernel: int, op: str) -> str:
    """Accuracies in percent: 10·depth + kernel after 4 epochs, twice as much after 16, half a point less in a test."""
    accuracy = 10 * depth + kernel
    cells = (depth, kernel, op, accuracy, 2 * accuracy, 2 * accuracy - 0.5, 160 * depth, depth / 4, 1000 * kernel, "x")
    return ",".join(map(str, cells))


ROWS = [row(depth, kernel, op) for depth, kernel, op in product((1, 2, 4), (3, 5), ("conv", "pool"))]


def write(folder: Path, rows: Any = ROWS, description: str = DESCRIPTION, header: str = HEADER) -> Path:
    """The description's path, the table beside it."""
    (folder / "table.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    file = folder / "table.yaml"
    file.write_text(description, encoding="utf-8")
    return file


def settings(description: Path | None, **changes: Any) -> TableSettings:
    none: dict[str, Any] = {"file": None, "max_flops": None, "max_params": None, "max_memory_gb": None}
    path = None if description is None else str(description)
    return TableSettings(**({"name": "table", "description": path} | none | changes))


def space(folder: Path, **changes: Any) -> TableSpace:
    return TableSpace(settings(write(folder, **changes)))
