"""What is said of DARTS on NAS-Bench-201 and in its own space, from made-up runs and a table of three cells."""

from pathlib import Path

import pandas as pd
import pytest

from nas_cli.errors import RunError
from nas_cli.reports.experiments.darts import build_darts
from nas_cli.reports.experiments.darts_cells import cell_rows, cell_searches
from nas_cli.reports.experiments.darts_table import epoch_rows, final_table, finals, last_epochs, random_choice
from nas_cli.reports.experiments.one_shot_table import rank_rows
from nas_cli.reports.source import load
from nas_cli.spaces.nasbench201 import EDGES, to_arch
from nas_cli.spaces.table_file import Table, open_table
from tests.reports import structures
from tests.reports.journals import Event, write_run
from tests.reports.test_nasbench201_tables import DESCRIPTION, HEADER


def cell(skips: int) -> str:
    named = structures.genotype("nasbench201", skips)
    return to_arch(tuple(named[f"edge_{i}_{j}"] for i, j in EDGES))


@pytest.fixture
def table(tmp_path: Path) -> Table:
    """Cells of 6, 3, 2 and 1 skip connections: test accuracies 54.3, 93, 94 and 90; after 12 epochs 2 looks best."""
    rows = [(6, 20, 54.3), (3, 70, 93.0), (2, 80, 94.0), (1, 60, 90.0)]
    lines = [f"{cell(skips)},1,1,{valid},{valid},{test},100,1,1,1,1,1,1" for skips, valid, test in rows]
    (tmp_path / "nasbench201.csv.gz").write_text("\n".join([HEADER, *lines]) + "\n")
    (tmp_path / "description.yaml").write_text(DESCRIPTION)
    return open_table(tmp_path / "description.yaml")


def bench_events(searches: int, epochs: int) -> list[Event]:
    return structures.structure_events("nasbench201", searches, epochs, derived=(), random=(0.6, 0.7))


def epochs_of(folder: Path, events: list[Event], table: Table) -> pd.DataFrame:
    return pd.DataFrame(epoch_rows("first", load(write_run(folder, events, strategy="darts")), table))


def test_every_epochs_cell_is_looked_up(tmp_path: Path, table: Table) -> None:
    rows = epochs_of(tmp_path / "run", bench_events(1, 4), table)
    assert rows.accuracy.iloc[:3].tolist() == [90.0, 94.0, 93.0]
    assert rows.accuracy.isna().tolist() == [False, False, False, True]
    assert rows.skips.tolist() == [1, 2, 3, 4]
    assert rows.cell[0] == cell(1)


def test_the_end_of_every_search_is_compared_with_the_mean_of_the_table(tmp_path: Path, table: Table) -> None:
    rows = epochs_of(tmp_path / "run", bench_events(2, 3), table)
    assert last_epochs(rows).accuracy.tolist() == [93.0, 93.0]
    first, random = final_table(rows, table).to_dict("records")
    assert (first["accuracy"], first["worst"], first["best_epoch"], first["skips"]) == (93.0, 93.0, 94.0, 3.0)
    # Two of the four cells, 54.3 and 90, are worse than 93; (54.3 + 93 + 94 + 90) / 4 = 82.825.
    assert (first["below"], first["only_skips"]) == (50.0, 0)
    assert (random["accuracy"], random["searches"], random["only_skips"]) == (82.83, 4, 1)


def test_a_collapse_is_said_beside_the_published_one(tmp_path: Path, table: Table) -> None:
    rows = epochs_of(tmp_path / "run", bench_events(3, 6), table)
    (said,) = finals(rows, table)
    assert "all 3 searches ended in skip connections alone, as published (54.30 %)" in said
    assert "54.30 %, worse than a cell drawn at random (82.83 % on average)" in said


def test_few_searches_are_not_compared(tmp_path: Path, table: Table) -> None:
    (said,) = finals(epochs_of(tmp_path / "run", bench_events(2, 3), table), table)
    assert "too few to compare" in said and "no search ended in skip connections alone" in said


def test_random_search_takes_the_cell_that_looks_best_after_12_epochs(tmp_path: Path, table: Table) -> None:
    source = load(write_run(tmp_path / "run", bench_events(1, 1), strategy="darts"))
    # The run's random cells have 2 and 3 skip connections.
    assert random_choice(source, table) == {"cells": 2, "accuracy": 94.0}


def test_derived_cells_stand_beside_random_ones(tmp_path: Path) -> None:
    events = structures.structure_events("cell", 2, 4, derived=(0.70, 0.72), random=(0.60, 0.62, 0.64))
    rows = pd.DataFrame(cell_rows("first", load(write_run(tmp_path / "run", events, strategy="darts"))))
    assert rows.design_seconds.tolist() == [42.0, 42.0, 0.0, 0.0, 0.0]
    assert rows.skips.tolist()[:2] == [8, 8]
    derived, random = cell_searches(rows).to_dict("records")
    assert (derived["valid_accuracy"], derived["low"], derived["high"], derived["design_minutes"]) == (
        71.0,
        70.0,
        72.0,
        0.7,
    )
    # 62 ± 4.3027 · 2 / √3 = 62 ± 4.97; parameters 3000, 4000, 5000.
    assert (random["low"], random["high"], random["best"], random["kparams"]) == (57.03, 66.97, 64.0, 4.0)


def test_the_page_is_made_from_what_is_there(tmp_path: Path, table: Table) -> None:
    runs, out = tmp_path / "runs", tmp_path / "out"
    with pytest.raises(RunError, match="run the experiment first"):
        build_darts(runs, table, out, "command")
    write_run(runs / "nasbench201" / "first-0", bench_events(3, 6), strategy="darts")
    write_run(runs / "cell" / "first-0", structures.structure_events("cell", 1, 3, ended=False), strategy="darts")
    written = [path.name for path in build_darts(runs, table, out, "the command")]
    assert written == [
        "nasbench201.csv", "README.md", "made.csv", "nasbench201_epochs.png", "nasbench201_epochs.svg",
    ]  # fmt: skip
    text = (out / "README.md").read_text(encoding="utf-8")
    assert "Made by `the command`" in text and "all 3 searches ended in skip connections alone" in text
    assert "| nasbench201 | first | 9000 |" in text


def test_inherited_scores_are_ranked_against_the_table(tmp_path: Path, table: Table) -> None:
    events = structures.structure_events("nasbench201", 1, 1, derived=(), random=())
    given = {6: 0.1, 3: 0.5, 2: 0.4, 1: 0.6}
    scores = [[structures.genotype("nasbench201", skips), score] for skips, score in given.items()]
    events[-2:-2] = [{"event": "inherited", "search": 0, "scores": [*scores, scores[0]], "random": [], "seconds": 90.0}]
    (row,) = rank_rows(load(write_run(tmp_path / "run", events, strategy="one_shot")), table)
    # Pairs (by score, by accuracy 54.3, 93, 94, 90): 6 is below all in both (3 agree); 3-2, 3-1 and 2-1 disagree.
    assert (row["cells"], row["tau"], row["rho"]) == (4, 0.0, 0.2)
    assert (row["chosen"], row["mean"], row["minutes"]) == (90.0, 82.83, 1.5)
    assert row["overlap"] == 0.0
