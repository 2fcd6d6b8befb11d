"""Fronts and hypervolume of several runs."""

import csv
from pathlib import Path
from typing import Any

import pytest

from nas_cli import reports
from nas_cli.errors import ConfigError
from nas_cli.reports.fronts import fronts
from nas_cli.reports.objectives import Objective, objectives, reference_point
from nas_cli.reports.plots.fronts import hypervolume_courses
from nas_cli.reports.source import Source, load
from tests.reports import journals


def run(folder: Path, points: list[tuple[float, float]], **more: Any) -> Source:
    """A run of trials with these (fitness, latency_ms)."""
    events: list[dict[str, Any]] = [{"event": "start", "command": "search", "seed": 0}]
    for number, (fitness, latency) in enumerate(points):
        metrics = {"valid_accuracy": fitness, "latency_ms": latency}
        events.append({"event": "trial", "id": number, "status": "ok", "fitness": fitness, "metrics": metrics, **more})
    return load(journals.write_run(folder, events, strategy=folder.name))


WANTED = objectives("fitness,-latency_ms")


def test_fronts_and_volumes_by_hand(tmp_path: Path) -> None:
    one = run(tmp_path / "one", [(0.5, 4.0), (0.4, 5.0), (0.7, 6.0), (0.5, 4.0)])
    other = run(tmp_path / "other", [(0.2, 10.0), (0.6, 2.0)])
    found = fronts([one, other], WANTED)
    assert found is not None
    assert (found.reference, found.ideal) == ((0.2, -10.0), (0.7, -2.0))
    first, second = found.runs
    assert [first.trials[at].id for at in first.chosen] == [2, 0]
    # (0.7 − 0.2)·(10 − 6) + (0.5 − 0.2)·(6 − 4) = 2.6; the box is 0.5·8 = 4.
    assert found.volume(first) == pytest.approx(2.6)
    assert found.volume(second) == pytest.approx(0.4 * 8)
    assert found.line(first) == [(1.0, pytest.approx(0.45)), (3.0, pytest.approx(0.65)), (4.0, pytest.approx(0.65))]
    assert set(hypervolume_courses(found)) == {"one", "other"}


def test_a_given_reference_holds(tmp_path: Path) -> None:
    only = run(tmp_path / "one", [(0.5, 4.0)])
    assert fronts([only], WANTED) is None
    found = fronts([only], WANTED, reference_point("0.1,5", WANTED))
    assert found is not None
    assert found.volume(found.runs[0]) == pytest.approx(0.4)


def test_only_the_largest_budget_counts(tmp_path: Path) -> None:
    source = load(journals.write_run(tmp_path / "a", journals.point_events(0, 30, (4, 16), params=3.0)))
    found = fronts([source], (Objective("fitness"), Objective("width")))
    assert found is None
    found = fronts([source], objectives("fitness,-params"), (0.0, 9.0))
    assert found is not None
    assert {trial.budget for trial in found.runs[0].trials} == {16}


def test_tables_of_the_fronts(tmp_path: Path) -> None:
    runs = [run(tmp_path / "one", [(0.5, 4.0), (0.7, 6.0)]).path, run(tmp_path / "other", [(0.2, 9.0)]).path]
    reports.compare(runs, tmp_path / "out", "fitness,-latency_ms")
    with (tmp_path / "out" / "front.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0] == {"run": "one", "trial": "1", "fitness": "0.7", "latency_ms": "6"}
    assert (
        (tmp_path / "out" / "hypervolume.csv").read_text().startswith("group,trials,mean,low,high,runs,box,reference")
    )
    assert "the reference point (fitness 0.2, latency_ms 9" in (tmp_path / "out" / "comparison.html").read_text()


def test_an_objective_that_no_journal_has_is_named(tmp_path: Path) -> None:
    folder = run(tmp_path / "one", [(0.5, 4.0), (0.7, 6.0)]).path
    page = reports.compare([folder], tmp_path / "out", "fitness,-energy")[-1].read_text()
    assert "No trial has a value of energy. Journaled: fitness, latency_ms, valid_accuracy." in page


@pytest.mark.parametrize("text", ["fitness", "fitness,-fitness", "", ","])
def test_bad_objectives(text: str) -> None:
    with pytest.raises(ConfigError, match="at least two different names"):
        objectives(text)


@pytest.mark.parametrize("text", ["1", "1,2,3", "a,b", "nan,1"])
def test_bad_references(text: str) -> None:
    with pytest.raises(ConfigError, match="a number for each of fitness, latency_ms"):
        reference_point(text, WANTED)
