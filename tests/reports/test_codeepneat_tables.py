"""The thesis' tables from made-up runs whose numbers are easy to work out."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from nas_cli.errors import RunError
from nas_cli.reports.experiments.arms import find_arms
from nas_cli.reports.experiments.codeepneat import build_codeepneat
from nas_cli.reports.experiments.codeepneat_tables import comparison
from tests.reports.journals import search_events, write_run


def _run(folder: Path, seconds: float, accuracy: float, ratio: float | None = None) -> None:
    """A search of two generations of two networks: 100 FLOPs each, `accuracy` in the last, `seconds` of wall time."""
    events = search_events(trials=4, population=2)
    for event in events:
        if event["event"] == "trial":
            _simplify(event, accuracy, ratio)
        if event["event"] == "end":
            event["wall_seconds"] = seconds
    write_run(folder, events)
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    config |= {
        "augmentation": {"copies": 1},
        "strategy": {"name": "codeepneat", "generations": 2, "population": 2},
        "estimator": {"epochs": None, "morph": {"epochs": 1}},
        "training": {"epochs": 4, "batch_size": 32},
        "space": {"max_flops": 1e6},
        "resources": {"workers": 1},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")


def _simplify(event: dict[str, Any], accuracy: float, ratio: float | None) -> None:
    value = accuracy if event["generation"] == 1 else 0.1
    event["fitness"] = value
    event["metrics"] |= {
        "valid_accuracy": value,
        "epochs": 4.0,
        "train_seconds": 8.0,
        "evaluation_seconds": 1.0,
        "cpu_seconds": 10.0 if ratio is None else 4.0,
    }
    if ratio is not None:
        event["extra"] = {"compression": {"flops_before": 100, "flops_after": 100 / ratio, "skipped": False}}


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    _run(tmp_path / "mnist" / "plain-0", 600.0, 0.9)
    _run(tmp_path / "mnist" / "plain-1", 400.0, 0.8)
    _run(tmp_path / "mnist" / "b-0", 250.0, 0.84, ratio=4.0)
    return tmp_path


def test_speedup_degradation_and_prediction(runs: Path) -> None:
    """Only repeat 0 is in both arms: 600/250 s, 90 - 84 points. Predicted: n = 4, d/c = 1·4/8 = 0.5, a = 4:
    S = 4.5 / (1 + 4.5/4) = 2.1176."""
    table = comparison(find_arms(runs)).set_index("arm")

    assert table.loc["plain", "minutes"] == pytest.approx(500 / 60, abs=0.01)
    assert table.loc["plain", "accuracy"] == 85.0
    assert table.loc["plain", "accuracy_range"] == 5.0
    assert table.loc["b", "speedup"] == 2.4
    assert table.loc["b", "speedup_cpu"] == 2.5
    assert table.loc["b", "degradation"] == 6.0
    assert table.loc["b", "a"] == 4.0
    assert table.loc["b", "predicted_speedup"] == pytest.approx(2.118, abs=1e-3)
    assert table.loc["b", "prediction_error"] == pytest.approx(2.118 / 2.5 - 1, abs=1e-3)
    assert table.loc["b", "paper_speedup"] == 1.48


def test_a_run_that_has_not_ended_does_not_count(runs: Path) -> None:
    journal = runs / "mnist" / "plain-1" / "journal.jsonl"
    lines = journal.read_text(encoding="utf-8").splitlines()
    journal.write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")

    arms = {arm.name: len(arm.repeats) for arm in find_arms(runs)}

    assert arms == {"plain": 1, "b": 1}


def test_everything_is_written(runs: Path, tmp_path: Path) -> None:
    files = build_codeepneat(runs, tmp_path / "out", "the command")

    assert {file.name for file in files} >= {"comparison.csv", "trials.csv", "README.md", "figure_12.png"}
    assert all(file.stat().st_size > 0 for file in files)
    assert "the command" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")


def test_no_runs_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no complete runs"):
        find_arms(tmp_path)
