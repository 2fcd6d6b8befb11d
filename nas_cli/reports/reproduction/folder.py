"""The tables that an experiment has left in its folder below results/."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from nas_cli.errors import RunError
from nas_cli.reports.experiments.made import MADE
from nas_cli.reports.numbers import duration

UNKNOWN = "not recorded"
ALL = "all"
"""Part of a claim that all parts of a folder decide."""

TIMED = (
    ("comparison.csv", "minutes", 1.0),
    ("runs.csv", "minutes", 1.0),
    ("runs.csv", "seconds", 1 / 60),
    ("planted.csv", "seconds", 1 / 60),
)
"""Tables with times of runs, the column, and its unit in minutes; for folders without made.csv."""


class Missing(Exception):
    """A table, or a row of one, that a claim needs and that is not there."""


@dataclass(frozen=True)
class Folder:
    """`path`: results/<experiment>; `scale`: reduced, paper or smoke."""

    path: Path
    scale: str

    def table(self, name: str, **where: Any) -> pd.DataFrame:
        """The rows of a CSV file whose columns have these values.

        Raises:
            Missing: if there is no such file or row.
            RunError: if the file cannot be read, or lacks a column.
        """
        file = self.path / name
        if not file.exists():
            raise Missing(f"no {self.path.name}/{name}")
        try:
            rows = pd.read_csv(file)
        except pd.errors.EmptyDataError:
            raise Missing(f"{self.path.name}/{name} has no rows") from None
        except (OSError, ValueError) as error:
            raise RunError(f"cannot read {file}: make it again with the experiment's command.") from error
        for column, value in where.items():
            rows = rows[_column(rows, column, file) == value]
        if rows.empty:
            raise Missing(f"{self.path.name}/{name} has no row of {', '.join(map(str, where.values())) or 'any kind'}")
        return rows

    def value(self, name: str, column: str, **where: Any) -> float:
        """The mean of a column over those rows, empty cells left out.

        Raises:
            Missing, RunError: see `table`.
        """
        rows = self.table(name, **where)
        values = _column(rows, column, self.path / name).dropna()
        if values.empty:
            raise Missing(f"{self.path.name}/{name} has no {column} of {', '.join(map(str, where.values()))}")
        return float(values.mean())

    def text(self, name: str, column: str, **where: Any) -> str:
        """A cell of words.

        Raises:
            Missing, RunError: see `table`.
        """
        return str(_column(self.table(name, **where), column, self.path / name).iloc[0])

    def time(self, part: str) -> str:
        """What the part's runs took, from made.csv, or else from the times in its tables."""
        made = self._rows(part)
        if made:
            runs, sessions = (sum(int(row[key]) for row in made) for key in ("runs", "sessions"))
            again = f", resumed {sessions - runs} ×" if sessions > runs else ""
            return f"{duration(60 * sum(float(row['minutes']) for row in made))}, {runs} run{'s' * (runs != 1)}{again}"
        minutes = self._minutes(part)
        return UNKNOWN if minutes is None else duration(60 * minutes)

    def sizes(self, part: str) -> str:
        """'5,000 training images, 8 epochs' of the part's runs; empty if they are not recorded."""
        made = self._made.get(part, {})
        words = (("images", "training example"), ("epochs", "epoch"))
        found = [
            f"{made[key]} {name}{'s' * (made[key] != '1')}" for key, name in words if isinstance(made.get(key), str)
        ]
        return ", ".join(found)

    def hardware(self, part: str) -> str:
        """Processor, cores and memory, from made.csv, or else as the folder's page has them."""
        made = self._rows(part)
        machines = dict.fromkeys(f"{row['cpu']}, {row['cores']} cores, {row['memory_gb']} GB" for row in made)
        return " and ".join(machines) or self._page_hardware

    def _rows(self, part: str) -> list[Mapping[str, Any]]:
        """Of made.csv."""
        return [row for name, row in self._made.items() if part in (name, ALL)]

    @cached_property
    def _made(self) -> Mapping[str, Mapping[str, Any]]:
        file = self.path / MADE
        rows = records(pd.read_csv(file, dtype=str)) if file.exists() else []
        return {str(row["part"]): row for row in rows}

    def _minutes(self, part: str) -> float | None:
        """Of the runs of a part, in a table that has a time of each and names the part."""
        for name, column, unit in TIMED:
            try:
                rows = self.table(name)
            except Missing:
                continue
            keys = [key for key in ("dataset", "experiment") if key in rows]
            mine = (
                rows[(rows[keys[0]] == part) | (part == ALL)] if keys else rows if name == f"{part}.csv" else rows[:0]
            )
            if column in mine and len(mine):
                # Several rows may be of one run, which has the same time in all of them.
                runs = mine[column] * mine["repeats"] if "repeats" in mine else mine[column].drop_duplicates()
                return float(runs.sum()) * unit
        return None

    @cached_property
    def _page_hardware(self) -> str:
        """The cells below 'hardware' in the tables of README.md."""
        page = self.path / "README.md"
        lines = page.read_text(encoding="utf-8").splitlines() if page.exists() else []
        found: dict[str, None] = {}
        place = None
        for line in lines:
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)]
            if "hardware" in cells:
                place = cells.index("hardware")
            elif not line.startswith("|"):
                place = None
            elif place is not None and not cells[place].startswith("---"):
                found[cells[place]] = None
        return " and ".join(found) or UNKNOWN


def records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows by the names of their columns."""
    return [{str(key): value for key, value in row.items()} for row in rows.to_dict("records")]


def _column(rows: pd.DataFrame, column: str, file: Path) -> "pd.Series[Any]":
    if column not in rows:
        raise RunError(f"{file} has no column '{column}': make it again with the experiment's command.")
    return rows[column]
