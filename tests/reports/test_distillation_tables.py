"""`results/distillation/`: tables from journals."""

import json
from pathlib import Path

import pytest

from nas_cli.errors import RunError
from nas_cli.reports.experiments.distillation import build_distillation


def run(root: Path, place: str, errors: int, **start: object) -> None:
    folder = root / place
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text("seed: 0\n")
    dataset = {"name": "mnist", "classes": 10, "test": 10000, **start}
    accuracy = 1 - errors / 10000
    events = [
        {"event": "start", "command": "distill", "seed": 0, "dataset": dataset, "model": "hinton_student", "time": 1.0},
        {"event": "epoch", "epoch": 1, "valid_accuracy": accuracy, "train_loss": 1.0, "time": 2.0},
        {"event": "test", "metrics": {"test_accuracy": accuracy}, "valid": {"valid_accuracy": accuracy}, "time": 3.0,
         "distill": {"agreement": {"test": 0.99}}},
        {"event": "end", "train_seconds": 4.0, "wall_seconds": 5.0, "time": 6.0},
    ]  # fmt: skip
    (folder / "journal.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))


def test_errors_are_counted_and_compared_over_seeds(tmp_path: Path) -> None:
    runs, out = tmp_path / "runs", tmp_path / "out"
    for seed, (plain, taught) in enumerate(((150, 80), (146, 76), (148, 78))):
        run(runs, f"mnist/student_plain-{seed}", plain)
        run(runs, f"mnist/student_T20-{seed}", taught)
    run(runs, "label_noise/cross_entropy_40-0", 3000, changed_labels=3200)
    run(runs, "label_noise/generalised_cross_entropy_40-0", 2000, changed_labels=3200)
    files = build_distillation(runs, out, "the script")
    assert {file.name for file in files} >= {"runs.csv", "summary.csv", "README.md", "temperatures.png"}
    page = (out / "README.md").read_text(encoding="utf-8")
    assert "`student_T20` makes 78.0 against 148.0 test errors of `student_plain`: -70.0" in page
    assert "fewer" in page
    assert "(one seed: no interval)" in page
    assert "| student_T20 | 3 | 78 |" in page


def test_without_runs_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no complete runs"):
        build_distillation(tmp_path, tmp_path / "out", "the script")
