"""Rank correlation of ways of scoring."""

from pathlib import Path
from typing import Any

import pytest

from nas_cli import reports
from nas_cli.reports.correlation import Correlation, correlations
from nas_cli.reports.evaluations import Evaluation, evaluations
from nas_cli.reports.source import Source, load
from tests.reports import journals


def pair(cheap: list[float], dear: list[float]) -> Correlation:
    sides = [
        Evaluation("", {str(i): value for i, value in enumerate(values)}, (0, 0.0, "")) for values in (cheap, dear)
    ]
    return Correlation(*sides)


def run(folder: Path, estimator: str, scores: list[float], metric: str = "valid_accuracy", **more: Any) -> Source:
    events: list[dict[str, Any]] = [{"event": "start", "command": "search", "seed": 0}]
    for number, score in enumerate(scores):
        trial = {"event": "trial", "id": number, "status": "ok", "fitness": score, "metrics": {metric: score}}
        events.append({**trial, "architecture": {"point": {"x": number}}, **more})
    path = journals.write_run(folder, events)
    (path / "config.yaml").write_text((path / "config.yaml").read_text() + f"estimator: {{name: {estimator}}}\n")
    return load(path)


def test_correlations_by_hand() -> None:
    found = pair([1, 2, 3, 4, 5], [1, 3, 2, 4, 5])
    # One of ten pairs is discordant: tau = (9 − 1) / 10; rho = 1 − 6·2 / (5·24).
    assert found.kendall.value == pytest.approx(0.8)
    assert found.spearman.value == pytest.approx(0.9)
    assert (found.top, found.overlap) == (1, 1.0)
    assert found.kendall.low is not None and found.kendall.low <= 0.8


def test_equal_scores_have_no_correlation() -> None:
    assert pair([1, 1, 1], [1, 2, 3]).kendall.value is None


def test_a_proxy_is_compared_with_training_over_shared_candidates(tmp_path: Path) -> None:
    proxy = run(tmp_path / "proxy", "zero_cost", [10.0, 30.0, 20.0, 40.0, 50.0, 60.0], metric="synflow")
    trained = run(tmp_path / "trained", "train", [0.1, 0.2, 0.3, 0.4, 0.5])
    (found,) = correlations(evaluations([trained, proxy]))
    assert (found.cheap.name, found.dear.name, found.count) == ("zero cost", "train", 5)
    assert found.kendall.value == pytest.approx(0.8)


def test_repeated_runs_are_averaged(tmp_path: Path) -> None:
    runs = [run(tmp_path / name, "train", scores) for name, scores in (("a", [0.1, 0.5]), ("b", [0.3, 0.5]))]
    (found,) = evaluations(runs)
    assert sorted(found.scores.values()) == pytest.approx([0.2, 0.5])


def test_budgets_within_one_run(tmp_path: Path) -> None:
    events = journals.point_events(0, 30, (4, 16))
    (found,) = correlations(evaluations([load(journals.write_run(tmp_path / "run", events))]))
    assert (found.cheap.name, found.dear.name) == ("train, 4 epochs", "train, 16 epochs")


def test_table_and_figure(tmp_path: Path) -> None:
    runs = [run(tmp_path / "a", "zero_cost", [1.0, 2.0, 3.0, 4.0, 5.0], metric="synflow").path]
    runs += [run(tmp_path / "b", "train", [0.1, 0.3, 0.2, 0.4, 0.5]).path]
    written = {path.name for path in reports.compare(runs, tmp_path / "out")}
    assert {"correlation.csv", "correlation_1.png"} <= written
    assert (tmp_path / "out" / "correlation.csv").read_text().splitlines()[1].startswith("zero cost,train,5,0.7999")
    page = (tmp_path / "out" / "comparison.html").read_text()
    assert "different measures (accuracy, fitness)" in page
