"""What a quantize run made of its network: a table of methods, and the steps before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from nas_cli.reports.history import History
from nas_cli.reports.measure import Measure, finite, measure_of
from nas_cli.reports.numbers import count, percent, size

Row = Mapping[str, Any]

GIVEN = "as it came"
COLUMNS = (
    "name", "file", "valid", "test", "agreement", "test_agreement", "difference", "file_bytes", "gzip_bytes", "nonzero",
    "weights", "ms", "ms_lower", "ms_upper", "chosen",
)  # fmt: skip


@dataclass(frozen=True)
class Quantized:
    """A quantize run as its journal tells it, finished or not."""

    history: History

    @cached_property
    def measure(self) -> Measure:
        """The measure that the run's scores speak of."""
        return measure_of([(self.before, None)])

    @cached_property
    def before(self) -> Row:
        """The network as it came; times and test values only of a finished run."""
        return self._end.get("before") or _flat(self.history.last("given"))

    @cached_property
    def methods(self) -> list[Row]:
        """A row per finished method, in order."""
        if self._end:
            return list(self._end["methods"])
        found = {str(event["name"]): _flat(event) for event in self.history.of_kind("method")}
        return list(found.values())

    @cached_property
    def chain(self) -> list[Row]:
        """The runs the network came through, and at the end of the run this one."""
        return list(self._end.get("chain") or self.history.start.get("chain") or ())

    @property
    def chosen(self) -> str:
        """The method that the run chose; empty before it has."""
        return str(self.history.last("chosen").get("name") or "")

    @property
    def why(self) -> str:
        """Why it was chosen."""
        return str(self.history.last("chosen").get("why") or "")

    @property
    def _end(self) -> Row:
        return self.history.last("end").get("quantize") or {}


def milliseconds(row: Row) -> float | None:
    """The median time of one example; None if it was not measured (yet)."""
    return finite((row.get("ms") or {}).get("median"))


def stored(row: Row) -> str:
    """'98.0 % int8, 2.0 % int32': in which numbers a file stores its weights, the most frequent first."""
    weights = {str(kind): int(number) for kind, number in (row.get("weights") or {}).items()}
    total = sum(weights.values())
    parts = sorted(weights.items(), key=lambda item: -item[1])
    return ", ".join(f"{100 * number / total:.1f} % {kind}" for kind, number in parts if number >= 0.0005 * total)


def quantized_csv(run: Quantized) -> bytes:
    """methods.csv: the network as it came, and a row per method."""
    rows = [_csv_row(run, GIVEN, run.before)] if run.before else []
    rows += [_csv_row(run, str(row["name"]), row) for row in run.methods]
    return pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(index=False, lineterminator="\n").encode()


def _csv_row(run: Quantized, name: str, row: Row) -> dict[str, Any]:
    ms = row.get("ms") or {}
    plain = ("file", "agreement", "test_agreement", "difference", "file_bytes", "gzip_bytes", "nonzero")
    return {
        "name": name,
        **{key: row.get(key) for key in plain},
        "valid": run.measure.valid(row),
        "test": run.measure.test(row),
        "weights": stored(row),
        "ms": ms.get("median"),
        "ms_lower": ms.get("lower"),
        "ms_upper": ms.get("upper"),
        "chosen": name == run.chosen,
    }


def table_lines(block: Row) -> list[str]:
    """Lines for the end of a run, from the `quantize` block of its summary: methods, then the steps before."""
    measure = measure_of([(block["before"], None)])
    heads = ("", f"valid {measure.label}", f"test {measure.label}", "alike", "file", "compressed", "ms")
    rows = [(GIVEN, block["before"]), *((str(row["name"]), row) for row in block["methods"])]
    lines = [_line(heads), *(_line((name, *_cells(row, measure))) for name, row in rows)]
    if block.get("chain"):
        names = ("step", f"test {measure.label}", "parameters", "FLOPs", "nonzero", "file", "compressed", "ms")
        steps = [names, *(chain_cells(row, measure) for row in block["chain"])]
        width = max(len(cells[0]) for cells in steps)
        lines += ["", *(_line(cells, width) for cells in steps)]
    return lines


def chain_cells(row: Row, measure: Measure) -> tuple[str, ...]:
    """A step's line: name, test value, parameters, FLOPs, nonzero weights, file, compressed, ms per example."""
    numbers = [finite(row.get(key)) for key in ("params", "flops", "nonzero")]
    sizes = [finite(row.get(key)) for key in ("file_bytes", "gzip_bytes")]
    ms = milliseconds(row)
    tested = measure.text(measure.test(row))
    return (str(row["step"]), tested, *map(count, numbers), *map(size, sizes), "–" if ms is None else f"{ms:.3g}")


def _cells(row: Row, measure: Measure) -> Sequence[str]:
    sizes = [size(finite(row.get(key))) for key in ("file_bytes", "gzip_bytes")]
    ms = milliseconds(row)
    alike = percent(finite(row.get("test_agreement")))
    return [measure.text(measure.valid(row)), measure.text(measure.test(row)), alike, *sizes,
            "–" if ms is None else f"{ms:.3g}"]  # fmt: skip


def _line(cells: Sequence[str], first: int = 13) -> str:
    return f"{cells[0]:<{first}}" + "".join(f"{cell:>15}" for cell in cells[1:])


def _flat(event: Row) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key not in ("event", "time", "valid")} | (
        event.get("valid") or {}
    )
