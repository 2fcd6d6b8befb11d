"""What is read from an experiment's folder, and what is said where nothing is there."""

from pathlib import Path

import pytest

from nas_cli.errors import RunError
from nas_cli.reports.experiments.made import COLUMNS
from nas_cli.reports.reproduction.folder import UNKNOWN, Folder, Missing


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    path = tmp_path / "codeepneat"
    path.mkdir()
    (path / "comparison.csv").write_text("dataset,arm,repeats,minutes,speedup\nmnist,plain,2,6,\nmnist,b,2,4,1.5\n")
    return Folder(path, "reduced")


def test_a_value_is_that_of_its_row(folder: Folder) -> None:
    assert folder.value("comparison.csv", "speedup", dataset="mnist", arm="b") == 1.5
    assert folder.text("comparison.csv", "dataset", arm="b") == "mnist"


def test_what_is_missing_is_named(folder: Folder) -> None:
    with pytest.raises(Missing, match="no codeepneat/trials.csv"):
        folder.table("trials.csv")
    (folder.path / "size.csv").write_text("\n")
    with pytest.raises(Missing, match="codeepneat/size.csv has no rows"):
        folder.table("size.csv")
    with pytest.raises(Missing, match="has no row of cifar10"):
        folder.value("comparison.csv", "speedup", dataset="cifar10")
    with pytest.raises(Missing, match="has no speedup of mnist, plain"):
        folder.value("comparison.csv", "speedup", dataset="mnist", arm="plain")


def test_a_table_of_another_kind_is_one_line(folder: Folder) -> None:
    with pytest.raises(RunError, match="has no column 'other': make it again"):
        folder.value("comparison.csv", "other")
    (folder.path / "comparison.csv").write_text('a,b\n"1,2\n')
    with pytest.raises(RunError, match="cannot read"):
        folder.table("comparison.csv")


def test_times_and_hardware_are_those_recorded(folder: Folder) -> None:
    made = f"{','.join(COLUMNS)}\nmnist,4,5,90.5,5000,8,A CPU,2,25,0a1b\n"
    (folder.path / "made.csv").write_text(made)
    again = Folder(folder.path, "reduced")
    assert again.time("mnist") == "1 h 30 min, 4 runs, resumed 1 ×"
    assert again.hardware("mnist") == "A CPU, 2 cores, 25 GB"
    assert again.sizes("mnist") == "5000 training examples, 8 epochs"


def test_without_a_record_the_tables_and_the_page_tell(folder: Folder) -> None:
    assert folder.time("mnist") == "20 min 00 s"
    assert (folder.time("cifar10"), folder.hardware("mnist")) == (UNKNOWN, UNKNOWN)
    (folder.path / "README.md").write_text("| dataset | hardware |\n|---|---|\n| mnist | A CPU, 2 cores |\n\ntext\n")
    assert Folder(folder.path, "reduced").hardware("mnist") == "A CPU, 2 cores"


def test_the_time_of_a_run_with_several_rows_counts_once(tmp_path: Path) -> None:
    rows = "experiment,arm,minutes\nlottery,ticket,4.5\nlottery,dense,4.5\nlottery,ticket,5.5\nweights,obd,9\n"
    (tmp_path / "runs.csv").write_text(rows)
    assert Folder(tmp_path, "reduced").time("lottery") == "10 min 00 s"
