"""MorphNet's comparison from made-up runs."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from nas_cli.errors import RunError
from nas_cli.reports.experiments.morphnet import build_morphnet, claims, found_runs, run_table, summarised
from tests.reports.journals import training_events, write_run


def _run(folder: Path, test: float, flops: int, morph: bool) -> None:
    events: list[dict[str, Any]] = training_events(epochs=4)
    events[0]["cost"] = {"flops": flops, "macs": flops // 2, "params": 1000}
    for event in events:
        if event["event"] == "test":
            event["metrics"]["test_accuracy"] = test
        if event["event"] == "end" and morph:
            event["morph"] = {"after": {"flops": flops // 2, "params": 500}}
    write_run(folder, events)
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8")) | {"training": {"epochs": 4}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    base = tmp_path / "equal_flops"
    _run(base / "width-0.7-0", 0.50, 4_000_000, morph=False)
    _run(base / "width-0.7-1", 0.54, 4_000_000, morph=False)
    _run(base / "morphnet-0.5-0", 0.6, 8_000_000, morph=True)
    return tmp_path


def test_seeds_are_averaged_and_flops_are_those_of_the_result(runs: Path) -> None:
    table = summarised(run_table(found_runs(runs))).set_index("family")

    assert table.loc["width", "test_accuracy"] == pytest.approx(52.0)
    assert table.loc["width", "test_accuracy_range"] == pytest.approx(2.0)
    assert table.loc["width", "seeds"] == 2
    assert table.loc["morphnet", "mflops"] == 4.0
    assert table.loc["morphnet", "params"] == 500


def test_everything_is_written(runs: Path, tmp_path: Path) -> None:
    files = build_morphnet(runs, tmp_path / "out", "the command")

    assert {file.name for file in files} == {
        "runs.csv", "summary.csv", "README.md", "made.csv", "equal_flops.png", "equal_flops.svg",
    }  # fmt: skip
    assert all(file.stat().st_size > 0 for file in files)


def test_the_documents_claims_are_set_beside_ours(tmp_path: Path) -> None:
    """Widths: 8 MFLOPs 60 %, 4 MFLOPs 50 %. MorphNet: 4 MFLOPs 60 %: half the FLOPs without loss, 10 points better than
    the width multiplier at 4 MFLOPs."""
    base = tmp_path / "inception_v2"
    _run(base / "width-1-0", 0.6, 8_000_000, morph=False)
    _run(base / "width-0.7-0", 0.5, 4_000_000, morph=False)
    _run(base / "morphnet-0.5-0", 0.6, 8_000_000, morph=True)

    table = claims(summarised(run_table(found_runs(tmp_path)))).set_index("claim")

    assert table.loc["FLOPs without loss, MorphNet, one process", "ours"] == "-50.0 %"
    assert table.loc["accuracy at equal cost, MorphNet, one process", "ours"] == "+10.0 %"


def test_no_runs_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no complete runs"):
        found_runs(tmp_path)


def test_pruned_networks_are_rows_beside_morphnet(runs: Path) -> None:
    """Trained anew they are of the table at equal FLOPs; with the weights that survived, of one of their own."""
    _run(runs / "equal_flops" / "taylor-0.5-0", 0.58, 4_000_000, morph=False)
    _run(runs / "fine_tuned" / "taylor-0.5-0", 0.62, 8_000_000, morph=False)
    journal = runs / "fine_tuned" / "taylor-0.5-0" / "journal.jsonl"
    events = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    for event in events:
        event["arm"] = "main"
    events[-1]["prune"] = {"after": {"flops": 3_900_000, "params": 400}}
    journal.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    table = summarised(run_table(found_runs(runs))).set_index(["experiment", "family"])
    assert table.loc[("equal_flops", "taylor"), "mflops"] == table.loc[("equal_flops", "morphnet"), "mflops"] == 4.0
    assert table.loc[("fine_tuned", "taylor"), "mflops"] == 3.9
