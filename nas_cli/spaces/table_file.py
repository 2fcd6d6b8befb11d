"""The rows of a table: decisions, objectives and costs of every architecture in it, checked once."""

import csv
import functools
import gzip
import hashlib
import io
import math
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from nas_cli.errors import ConfigError, DataError
from nas_cli.schema import nearest
from nas_cli.spaces.candidate import Scalar
from nas_cli.spaces.decision import Categorical, Decision
from nas_cli.spaces.decision_space import Values
from nas_cli.spaces.table_description import Description, read_description

SHARE = 0.5
"""A column with more different values than this share of the rows is no decision unless it is listed as one."""


@final
class Table:
    """A table in memory: `rows[i]` holds the values of row i's decisions, `index` the row of such values.

    Rows count from 1 in messages, the header not counted; the line is that of the file.
    """

    def __init__(self, description: Description) -> None:
        """Reads and checks the file.

        Raises:
            DataError: if it cannot be read.
            ConfigError: if a column is missing, a row has too few or too many cells, a row is a duplicate, or a number
                is none: one line with the row.
        """
        self.description = description
        self.file = description.file
        data = _bytes(self.file)
        self.digest = hashlib.sha256(data).hexdigest()
        self._read(data)
        found = self._split() | {name: self._cells(name) for name in self._plain_decisions()}
        read = {name: _values(cells) for name, cells in found.items()}
        self.decisions = tuple(Decision(name, _domain(values)) for name, values in read.items())
        self.rows: list[Values] = list(zip(*read.values(), strict=True))
        self.index: dict[Values, int] = {values: row for row, values in enumerate(self.rows)}
        if len(self.index) < len(self.rows):
            raise self._duplicate()
        self._numbers: dict[str, NDArray[np.float64]] = {}
        named = [column.name for objective in description.objectives.values() for column in objective.columns()]
        for name in dict.fromkeys([*named, *(column.name for column in description.costs.values())]):
            self._numbers[name] = self._parse(name)
        self._columns.clear()

    def numbers(self, column: str) -> NDArray[np.float64]:
        """The numbers of an objective's or a cost's column, one for each row; NaN where the file says nan."""
        return self._numbers[column]

    def cost(self, row: int) -> dict[str, float]:
        """The costs of a row by name, in units of the description's factors; whole where they are whole."""
        costs = self.description.costs.items()
        return {name: _whole(float(self._numbers[c.name][row]) * (c.factor or 1.0)) for name, c in costs}

    def row(self, values: Mapping[str, Scalar]) -> int | None:
        """The row with these values of the decisions, by name; None if there is none."""
        try:
            return self.index.get(tuple(values[decision.name] for decision in self.decisions))
        except KeyError:
            return None

    def describe(self) -> dict[str, Any]:
        """File, number of rows and SHA-256 (of the content of a packed file), for a run's journal."""
        return {"name": self.file.name, "rows": len(self.rows), "sha256": self.digest}

    def place(self, row: int) -> str:
        """'row 17 (line 18 of table.csv)'."""
        return f"row {row + 1} (line {self._lines[row]} of {self.file.name})"

    def _read(self, data: bytes) -> None:
        try:
            reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
            header = [name.strip() for name in next(reader, [])]
            self._check_header(header)
            kept = self._kept(header)
            places = [header.index(name) for name in kept]
            self._lines: list[int] = []
            rows: list[list[str]] = []
            for row in reader:
                if row:
                    self._lines.append(reader.line_num)
                    if len(row) != len(header):
                        here = self.place(len(rows))
                        raise ConfigError(f"{here} has {len(row)} cells, the header has {len(header)}.")
                    rows.append([row[place] for place in places])
        except (UnicodeDecodeError, csv.Error) as error:
            raise DataError(f"cannot read the table {self.file}: it is no CSV text ({error}).") from error
        if not rows:
            raise DataError(f"the table {self.file} is empty: it needs a header and at least one row.")
        self._columns = dict(zip(kept, zip(*rows, strict=True), strict=True))

    def _kept(self, header: Sequence[str]) -> list[str]:
        """The columns that are read: all but the ignored ones, or, where decisions are named, those that are."""
        description = self.description
        if description.decisions is None and description.pattern is None:
            return [name for name in header if name not in description.ignore]
        wanted = description.named() | set(description.decisions or ())
        return [name for name in header if name in wanted]

    def _check_header(self, header: Sequence[str]) -> None:
        if not header:
            raise DataError(f"the table {self.file} is empty: it needs a header and at least one row.")
        twice = [name for name in header if header.count(name) > 1]
        if twice:
            raise ConfigError(f"the table {self.file} has the column '{twice[0]}' twice.")
        wanted = [*sorted(self.description.named() - set(self.description.ignore)), *(self.description.decisions or ())]
        for name in wanted:
            if name not in header:
                raise ConfigError(
                    f"{self.description.source}: the table {self.file.name} has no column '{name}'."
                    f"{nearest(name, header)} It has: {', '.join(header)}."
                )
        both = set(self.description.named()) & set(self.description.decisions or ())
        if both:
            raise ConfigError(f"{self.description.source}: '{min(both)}' is a decision and something else at once.")

    def _plain_decisions(self) -> Sequence[str]:
        """The listed columns, or else, without a pattern, every one that has no other meaning."""
        description = self.description
        if description.decisions is not None:
            return description.decisions
        if description.pattern is not None:
            return []
        left = [name for name in self._columns if name not in description.named()]
        if not left:
            raise ConfigError(f"{description.source}: no column is left for a decision: list them under `decisions`.")
        for name in left if len(left) > 1 else ():
            different = len(set(self._columns[name]))
            if different > max(2.0, SHARE * len(self._lines)):
                raise ConfigError(
                    f"{description.source}: column '{name}' has {different} different values in {len(self._lines)} "
                    "rows, which is no decision: name it under `ignore`, or list the columns under `decisions`."
                )
        return left

    def _cells(self, name: str) -> list[str]:
        return [cell.strip() for cell in self._columns[name]]

    def _split(self) -> dict[str, list[str]]:
        """The groups of the description's pattern: cells by decision, none without a pattern."""
        if self.description.pattern is None:
            return {}
        column, pattern = self.description.pattern
        named = {place: name for name, place in pattern.groupindex.items()}
        names = [named.get(place, f"{column}_{place}") for place in range(1, pattern.groups + 1)]
        rows: list[tuple[str, ...]] = []
        for row, cell in enumerate(self._cells(column)):
            match = pattern.fullmatch(cell)
            if match is None:
                raise ConfigError(
                    f"{self.place(row)}: column '{column}' holds '{cell[:60]}', which the pattern of "
                    f"{self.description.source} does not match."
                )
            rows.append(match.groups(default=""))
        return {name: list(cells) for name, cells in zip(names, zip(*rows, strict=True), strict=True)}

    def _parse(self, name: str) -> NDArray[np.float64]:
        cells = self._columns[name]
        try:
            numbers = np.fromiter(map(float, cells), dtype=np.float64, count=len(cells))
        except ValueError as error:
            row = next(row for row, cell in enumerate(cells) if not _is_number(cell))
            what = "is empty" if not cells[row].strip() else f"holds '{cells[row].strip()[:40]}'"
            raise ConfigError(
                f"{self.place(row)}: column '{name}' {what} where a number should be; write nan for a training that "
                "failed, or leave the row out."
            ) from error
        if np.isinf(numbers).any():
            raise ConfigError(f"{self.place(int(np.isinf(numbers).argmax()))}: column '{name}' is infinite.")
        if np.isnan(numbers).all():
            raise ConfigError(f"{self.description.source}: column '{name}' of {self.file.name} holds no number at all.")
        return numbers

    def _duplicate(self) -> ConfigError:
        seen: dict[Values, int] = {}
        for row, values in enumerate(self.rows):
            if values in seen:
                break
            seen[values] = row
        shown = ", ".join(f"{d.name}={value}" for d, value in zip(self.decisions, values, strict=True))
        return ConfigError(
            f"{self.place(row)} repeats the architecture of row {seen[values] + 1} ({shown[:200]}): an architecture "
            f"has one row; if a decision is missing, list it in {self.description.source}."
        )


def open_table(description: str | Path, file: str | None = None) -> Table:
    """The table of a description; read once per process while neither file changes.

    Raises:
        ConfigError, DataError: see `read_description` and `Table`.
    """
    path = Path(description)
    described = _described(str(path), file, _stamp(path))
    return _opened(str(path), file, _stamp(path), _stamp(described.file))


@functools.lru_cache(maxsize=4)
def _described(path: str, file: str | None, stamp: tuple[int, int]) -> Description:
    return read_description(Path(path), file)


@functools.lru_cache(maxsize=4)
def _opened(path: str, file: str | None, described: tuple[int, int], data: tuple[int, int]) -> Table:
    return Table(_described(path, file, described))


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)


def _bytes(file: Path) -> bytes:
    try:
        data = file.read_bytes()
        return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except FileNotFoundError as error:
        raise DataError(f"there is no table {file}: correct `file` in the description, or set space.file.") from error
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"cannot read the table {file}: {getattr(error, 'strerror', None) or error}.") from error


def _values(cells: Sequence[str]) -> list[Scalar]:
    """Whole numbers if all cells are, else real ones if all are, else text; an empty cell is a text of its own."""
    different = set(cells)
    for kind in (int, float):
        try:
            read: dict[str, Scalar] = {cell: kind(cell) for cell in different}
        except ValueError:
            continue
        if all(math.isfinite(value) for value in read.values()):  # type: ignore[arg-type]
            return [read[cell] for cell in cells]
    return list(cells)


def _domain(values: Sequence[Scalar]) -> Categorical:
    """The different values in rising order; neighbours of a number are those beside it."""
    numeric = not isinstance(values[0], str)
    return Categorical(tuple(sorted(set(values))), ordered=numeric)


def _whole(number: float) -> float:
    return int(number) if number.is_integer() else number


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
