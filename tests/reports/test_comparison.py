"""Several runs beside each other."""

import csv
from pathlib import Path
from typing import Any

import pytest

from nas_cli import reports
from nas_cli.errors import RunError
from nas_cli.reports.courses import against_trials
from nas_cli.reports.grouping import grouped
from nas_cli.reports.page.comparison_page import differences
from nas_cli.reports.source import load
from tests.reports import journals


def write(folder: Path, seed: int, strategy: str, trials: int = 8, **start: Any) -> Path:
    events = journals.search_events(seed, trials=trials, epochs=2, **start)
    return journals.write_run(folder / f"{strategy}-{seed}", events, strategy=strategy)


def test_files_and_table(tmp_path: Path) -> None:
    runs = [write(tmp_path, seed, strategy) for strategy in ("codeepneat", "random") for seed in (1, 2)]
    written = reports.compare(runs, tmp_path / "out")
    names = [str(path.relative_to(tmp_path / "out")) for path in written]
    figures = ("best_so_far", "best_so_far_wall", "chosen_networks", "test_values", "fronts", "hypervolume")
    tables = ("comparison", "best_so_far", "front", "hypervolume")
    files = [f"{table}.csv" for table in tables] + [f"plots/{figure}.png" for figure in figures]
    assert names == [*files, "comparison.html"]
    with written[0].open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["run"] for row in rows] == [run.name for run in runs]
    best = max(e["fitness"] for e in journals.search_events(2, trials=8, epochs=2) if e["event"] == "trial")
    assert float(rows[1]["best_valid"]) == best
    assert float(rows[1]["test"]) == pytest.approx(best - 0.011, abs=1e-4)


def test_seeds_are_averaged_and_other_settings_are_not(tmp_path: Path) -> None:
    runs = [load(write(tmp_path, seed, "random")) for seed in (1, 2)]
    assert {name: len(group) for name, group in grouped(runs).items()} == {"random": 2}
    file = runs[1].path / "config.yaml"
    file.write_text(file.read_text().replace("epochs: 4", "epochs: 9"))
    assert list(grouped([runs[0], load(runs[1].path)])) == ["random, epochs 4", "random, epochs 9"]


def test_mean_over_seeds_ends_with_the_shortest_run(tmp_path: Path) -> None:
    runs = [load(write(tmp_path, 1, "random", trials=4)), load(write(tmp_path, 2, "random", trials=8))]
    line = against_trials(runs)
    assert line.places == (1, 2, 3, 4)
    values = [max(t.fitness or 0.0 for t in run.history.trials[:4]) for run in runs]
    assert line.mean[-1] == pytest.approx(sum(values) / 2)
    assert (line.low[-1], line.high[-1]) == (min(values), max(values))


def test_a_scheduler_is_part_of_the_strategy(tmp_path: Path) -> None:
    run = write(tmp_path, 1, "bayesian")
    (run / "config.yaml").write_text((run / "config.yaml").read_text() + "scheduler: {name: hyperband}\n")
    plain = write(tmp_path, 2, "bayesian")
    assert list(grouped([load(run), load(plain)])) == ["bayesian + hyperband", "bayesian"]


def test_what_makes_runs_incomparable_is_said(tmp_path: Path) -> None:
    verified = {"provenance": "verified"}
    one = load(write(tmp_path, 1, "random", dataset=verified))
    other_split = load(write(tmp_path, 2, "random", dataset=verified | {"split_digest": "77"}))
    other_data = load(write(tmp_path, 3, "random", dataset=verified | {"name": "mnist"}))
    assert differences([one]) == []
    assert "different splits" in differences([one, other_split])[0]
    assert "different data sets (cifar10, mnist)" in differences([one, other_data])[0]
    assert "different data sets" in (reports.compare([one.path, other_data.path], tmp_path / "out")[-1]).read_text()


def test_settings_that_differ_between_compared_runs_are_named(tmp_path: Path) -> None:
    runs = [load(write(tmp_path, 1, strategy)) for strategy in ("codeepneat", "random")]
    file = runs[1].path / "config.yaml"
    file.write_text(file.read_text().replace("epochs: 4", "epochs: 9") + "estimator:\n  train_size: 500\n")
    said = " ".join(differences([runs[0], load(runs[1].path)]))
    assert "differ in training.epochs (4 or 9), estimator.train_size (absent or 500):" in said
    assert "batch_size" not in said
    assert "differ in" not in " ".join(differences(runs))


def test_runs_without_a_result_have_empty_cells(tmp_path: Path) -> None:
    empty = journals.write_run(tmp_path / "empty", [])
    training = journals.write_run(tmp_path / "training", journals.training_events(epochs=3))
    table = reports.compare([empty, training], tmp_path / "out")[0].read_text().splitlines()
    assert table[1].endswith("unfinished,0,0,,,,,")
    assert table[2].startswith("training,train,,cifar10")


def test_tables_of_an_earlier_comparison_do_not_stay(tmp_path: Path) -> None:
    reports.compare([write(tmp_path, 1, "random")], tmp_path / "out")
    assert (tmp_path / "out" / "front.csv").exists()
    training = journals.write_run(tmp_path / "training", journals.training_events(epochs=3))
    reports.compare([training], tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").glob("*.csv")) == ["comparison.csv"]


def test_nothing_to_compare(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="at least one run"):
        reports.compare([], tmp_path)
