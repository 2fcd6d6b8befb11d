import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from nas_cli.errors import ConfigError, DataError, NasError
from nas_cli.spaces.candidate import Point
from nas_cli.spaces.points import Points
from nas_cli.spaces.table import TableSpace
from nas_cli.spaces.table_file import open_table
from tests.spaces.tables import DESCRIPTION, HEADER, ROWS, settings, space, write

SPLIT = "file: table.csv\narchitecture: {column: op, pattern: 'PATTERN'}\nfitness: acc_4\n"


def test_every_combination_of_values_is_a_row(tmp_path: Path) -> None:
    made = space(tmp_path)
    assert [(d.name, d.domain.choices, d.domain.ordered) for d in made.decisions] == [
        ("depth", (1, 2, 4), True), ("kernel", (3, 5), True), ("op", ("conv", "pool"), False),
    ]  # fmt: skip
    assert made.size() == 12
    assert set(made.neighbours((2, 3, "conv"))) == {(1, 3, "conv"), (4, 3, "conv"), (2, 5, "conv"), (2, 3, "pool")}


def test_costs_are_in_the_units_of_the_description(tmp_path: Path) -> None:
    made = space(tmp_path)
    points = Points(made, made.table)
    point = points.architecture((4, 5, "pool"))
    assert points.cost(point) == {"params": 1_000_000, "flops": 5000}
    assert points.has(point)
    assert not points.has(Point((("depth", 3), ("kernel", 5), ("op", "pool"))))


def test_columns_without_a_meaning_are_decisions(tmp_path: Path) -> None:
    description = DESCRIPTION.replace("decisions: [depth, kernel, op]\n", "ignore: note\n")
    assert [d.name for d in space(tmp_path, description=description).decisions] == ["depth", "kernel", "op"]


def test_a_numbering_column_is_not_taken_for_a_decision(tmp_path: Path) -> None:
    description = DESCRIPTION.replace("decisions: [depth, kernel, op]\n", "ignore: note\n")
    rows = [f"{row},{number}" for number, row in enumerate(ROWS)]
    with pytest.raises(ConfigError, match="'index' has 12 different values.*ignore"):
        space(tmp_path, rows=rows, header=HEADER + ",index", description=description)


def test_an_architecture_string_is_split_into_decisions(tmp_path: Path) -> None:
    description = "file: table.csv\narchitecture: {column: arch, pattern: '(?P<depth>\\d+)x(\\w+)'}\nfitness: acc\n"
    made = space(tmp_path, rows=["2xconv,0.5", "10xconv,0.6", "2xpool,0.7"], header="arch,acc", description=description)
    assert [(d.name, d.domain.choices) for d in made.decisions] == [("depth", (2, 10)), ("arch_2", ("conv", "pool"))]
    assert made.size() == 3


def test_packed_tables_are_read(tmp_path: Path) -> None:
    plain = space(tmp_path)
    packed = tmp_path / "packed.csv.gz"
    packed.write_bytes(gzip.compress((tmp_path / "table.csv").read_bytes()))
    other = TableSpace(settings(tmp_path / "table.yaml", file=str(packed)))
    assert other.table.rows == plain.table.rows
    assert other.table.digest == plain.table.digest


def test_an_incomplete_table_leads_to_its_rows_only(tmp_path: Path) -> None:
    made = space(tmp_path, rows=[ROWS[0], ROWS[3], ROWS[8], ROWS[11]])
    rows = set(made.table.rows)
    assert rows == {(1, 3, "conv"), (1, 5, "pool"), (4, 3, "conv"), (4, 5, "pool")}
    # depth 2 is in no row, so that 4 is the next value.
    assert list(made.neighbours((1, 3, "conv"))) == [(4, 3, "conv")]
    rng = np.random.default_rng(0)
    for first in made.table.rows:
        for second in made.table.rows:
            assert made.mutate(first, rng) in rows - {first}
            assert made.cross(first, second, rng) in rows
    with pytest.raises(ConfigError, match="no row"):
        made.decode({"depth": 1, "kernel": 5, "op": "conv"})


@given(st.sets(st.integers(0, 11), min_size=2), st.integers(0, 2**32 - 1))
@budget(max_examples=25, deadline=None)
def test_operators_stay_inside_any_part_of_a_table(
    tmp_path_factory: pytest.TempPathFactory, kept: set[int], seed: int
) -> None:
    made = space(tmp_path_factory.mktemp("table"), rows=[ROWS[number] for number in sorted(kept)])
    rng, rows = np.random.default_rng(seed), set(made.table.rows)
    one, other = made.sample(rng), made.sample(rng)
    near = list(made.neighbours(one))
    assert near and set(near) <= rows - {one} and len(set(near)) == len(near)
    assert made.mutate(one, rng) in rows - {one}
    assert made.cross(one, other, rng) in rows
    assert made.cross(one, one, rng) == one
    assert made.decode(made.encode(one)) == one


def test_all_rows_are_equally_likely(tmp_path: Path) -> None:
    made = space(tmp_path, rows=ROWS[:3])
    rng = np.random.default_rng(0)
    drawn = [made.sample(rng) for _ in range(900)]
    assert all(abs(drawn.count(row) - 300) < 60 for row in made.table.rows)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([*ROWS, ROWS[4]], r"row 13 \(line 14 of table.csv\) repeats the architecture of row 5"),
        ([ROWS[0], ROWS[1].replace("13,", "high,", 1)], r"row 2 \(line 3 of table.csv\): column 'acc_4' holds 'high'"),
        ([ROWS[0], ROWS[1].replace("13,", ",", 1)], "row 2 .*column 'acc_4' is empty.*nan"),
        ([ROWS[0], ROWS[1].replace("13,", "inf,", 1)], "row 2 .*'acc_4' is infinite"),
        ([ROWS[0], "1,3"], "row 2 .* has 2 cells, the header has 10"),
        ([ROWS[0].replace("13,", "nan,", 1)], "'acc_4' of table.csv holds no number at all"),
        ([], "is empty"),
    ],
)
def test_a_bad_row_is_one_line_that_names_it(tmp_path: Path, rows: list[str], expected: str) -> None:
    with pytest.raises(NasError, match=expected) as caught:
        space(tmp_path, rows=rows)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        (DESCRIPTION.replace("acc_4", "acc_5"), "no column 'acc_5'. Did you mean 'acc_4'.*It has: depth"),
        (DESCRIPTION.replace("[depth,", "[width,"), "no column 'width'"),
        (DESCRIPTION.replace("op]", "op, acc_4]"), "'acc_4' is a decision and something else"),
        (DESCRIPTION.replace("fitness:", "fitnes:"), "unknown key 'fitnes'. Did you mean 'fitness'"),
        ("file: table.csv\ndecisions: [depth]\n", "`fitness` is missing"),
        ("decisions: [depth]\nfitness: acc_4\n", "`file` must name the CSV"),
        (DESCRIPTION + "direction: up\n", "`direction` must be max or min"),
        (DESCRIPTION.replace("{4:", "{four:"), "must be a number of epochs"),
        (DESCRIPTION.replace("1e6", "many"), "`costs.params.factor` must be a number"),
        (DESCRIPTION.replace("test_16\n", "acc_16\n"), "'acc_16' is `fitness` and `test` at once.*leave `test` out"),
        ("a: [", "not YAML.*line"),
        ("just text", "must be a group of keys"),
        (SPLIT.replace("PATTERN", "(x"), "no regular expression"),
        (SPLIT.replace("PATTERN", "(x)"), r"row 1 .*'conv', which the pattern"),
        ("file: table.csv\ndecisions: [depth, kernel, op]\nfitness: note\n", r"row 1 .*'note' holds 'x'"),
    ],
)  # fmt: skip
def test_a_bad_description_is_one_line(tmp_path: Path, description: str, expected: str) -> None:
    with pytest.raises(NasError, match=expected) as caught:
        space(tmp_path, description=description)
    assert "\n" not in str(caught.value)


def test_missing_files_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="space.description=FILE"):
        TableSpace(settings(None))
    with pytest.raises(ConfigError, match="cannot read the table's description"):
        TableSpace(settings(tmp_path / "none.yaml"))
    description = write(tmp_path)
    (tmp_path / "table.csv").unlink()
    with pytest.raises(DataError, match="there is no table"):
        TableSpace(settings(description))
    (tmp_path / "table.csv").write_text("")
    with pytest.raises(DataError, match="is empty"):
        TableSpace(settings(description))
    (tmp_path / "table.csv").write_bytes(b"\x1f\x8b broken")
    with pytest.raises(DataError, match="cannot read the table"):
        TableSpace(settings(description))


def test_a_limit_needs_its_cost(tmp_path: Path) -> None:
    description = write(tmp_path)
    assert TableSpace(settings(description, max_flops=4000.0)).size() == 12
    with pytest.raises(ConfigError, match="max_memory_gb needs a column for 'memory_gb'"):
        TableSpace(settings(description, max_memory_gb=1.0))


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    description = write(tmp_path)
    first = open_table(description)
    assert open_table(description) is first
    write(tmp_path, rows=ROWS[:2])
    assert len(open_table(description).rows) == 2
