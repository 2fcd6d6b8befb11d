"""`results/pruning/` from journals: means over seeds, and what ticket, dense and chance come to."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nas_cli.errors import RunError
from nas_cli.reports.experiments.pruning import build_pruning, found_runs, run_table, summarised
from nas_cli.reports.experiments.pruning_claims import claims
from nas_cli.reports.reproduction.page import rows
from nas_cli.reports.reproduction.row import REPRODUCED
from tests.reports.prunings import journal, write_run


def made(root: Path) -> Path:
    for seed, gain in enumerate((0.0, 0.02)):
        write_run(root / "lottery" / f"ticket-0.64-{seed}", journal(gain=gain, reinit=True))
        write_run(root / "half_flops" / f"resnet20-0.5-{seed}", journal(gain=gain, random=True))
    return root


def test_seeds_are_counted_once_where_several_arms_have_the_network_that_is_not_pruned(tmp_path: Path) -> None:
    for arm in ("magnitude", "taylor", "obd"):
        write_run(tmp_path / "weights" / f"{arm}-0.5-0", journal())
    summary = summarised(run_table(found_runs(tmp_path))).set_index("arm")
    assert summary.loc["dense", "seeds"] == 1


def test_a_ticket_is_compared_with_dense_and_with_new_weights_seed_by_seed(tmp_path: Path) -> None:
    found = claims(run_table(found_runs(made(tmp_path)))).set_index("claim")
    ticket = found.loc["ticket at 64.0 % of the weights, less dense"]
    assert ticket["points"] == "+2.00" and ticket["from to"] == "+1.00 to +3.00"
    assert found.loc["resnet20 at half the FLOPs, less the random criterion", "points"] == "+6.00"


def test_the_tables_and_figures_are_written(tmp_path: Path) -> None:
    files = build_pruning(made(tmp_path / "runs"), tmp_path / "out", "python scripts/reproduce_pruning.py")
    assert {file.name for file in files} == {
        "runs.csv", "summary.csv", "README.md", "made.csv", "lottery.png", "lottery.svg", "half_flops.png",
        "half_flops.svg",
    }  # fmt: skip
    summary = pd.read_csv(tmp_path / "out" / "summary.csv").set_index(["experiment", "arm", "point"])
    assert summary.loc[("lottery", "ticket", 2), "valid"] == pytest.approx(92.0)
    assert summary.loc[("lottery", "ticket", 2), "seeds"] == 2
    assert "## In short" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")


def test_without_a_complete_run_there_is_one_line(tmp_path: Path) -> None:
    unfinished: list[dict[str, Any]] = journal()[:-1]
    write_run(tmp_path / "lottery" / "ticket-0.64-0", unfinished)
    with pytest.raises(RunError, match="no complete runs"):
        found_runs(tmp_path)
    assert json.loads((tmp_path / "lottery" / "ticket-0.64-0" / "journal.jsonl").read_text().splitlines()[0])


def test_filters_are_compared_with_single_weights_at_equal_measured_time(tmp_path: Path) -> None:
    """Widths 1 and 0.5 take 4 and 2 ms at 91 and 89 %: at the filters' 3 ms that is 90 %, two points less than 92 %."""
    for arm, gain in (("weights-1", 0.0), ("weights-0.5", -0.02), ("filters-0.5", 0.01)):
        write_run(tmp_path / "latency" / f"{arm}-0", journal(gain=gain))
    milliseconds = {"weights-1-0": 4.0, "weights-0.5-0": 2.0, "filters-0.5-0": 3.0}
    measured = {name: {"batch_1": ms, "batch_32": ms / 2} for name, ms in milliseconds.items()}
    (tmp_path / "latency" / "milliseconds-0.json").write_text(json.dumps(measured))
    runs = run_table(found_runs(tmp_path))
    assert runs.set_index(["arm", "point"])["ms"].to_dict() == {
        ("filters", 0.5): 3.0, ("weights", 0.5): 2.0, ("weights", 1.0): 4.0,
    }  # fmt: skip
    (claim,) = claims(runs).to_dict("records")
    assert claim["claim"] == "filters less single weights at equal measured time"
    assert claim["points"] == "+2.00"


def test_without_times_measured_together_nothing_is_compared(tmp_path: Path) -> None:
    write_run(tmp_path / "latency" / "filters-0.5-0", journal())
    write_run(tmp_path / "latency" / "weights-1-0", journal())
    assert claims(run_table(found_runs(tmp_path))).empty


def test_how_much_faster_a_network_is_than_the_one_that_was_pruned(tmp_path: Path) -> None:
    """By times measured in turns; what the run itself measured is of another hour than what its network's run did."""
    write_run(tmp_path / "half_flops" / "resnet20-0.5-0", journal())
    measured = {
        "resnet20-1-0": {"batch_1": 0.9, "batch_32": 0.3, "tflite": 0.6},
        "resnet20-0.5-0": {"batch_1": 0.5, "batch_32": 0.1, "tflite": 0.4},
    }
    (tmp_path / "half_flops" / "milliseconds-0.json").write_text(json.dumps(measured))
    rows = {row["arm"]: row for row in run_table(found_runs(tmp_path)).to_dict("records")}
    row = rows["resnet20"]
    assert (row["faster"], row["faster_32"], row["faster_tflite"]) == pytest.approx((1.8, 3.0, 1.5))
    assert rows["resnet20, whole"]["ms"] == 0.9


def test_connections_that_regrow_are_compared_with_fixed_ones(tmp_path: Path) -> None:
    """91 % and what each gains; the baseline is trained once, and what is pruned before its training is no result."""
    gains = {"fixed": 0.0, "set": 0.01, "rigl": 0.02, "magnitude": 0.03}
    for arm, gain in gains.items():
        events = journal(gain=gain)
        if arm != "magnitude":
            events[-1]["prune"]["before"] |= {"test_accuracy": 0.1, "weights": None}
        write_run(tmp_path / "runs" / "regrowth" / f"{arm}-0.98-0", events)
    build_pruning(tmp_path / "runs", tmp_path / "pruning", "the command")
    table = pd.read_csv(tmp_path / "pruning" / "summary.csv")
    assert table.set_index("arm")["test"].to_dict() == pytest.approx(
        {"fixed": 91.0, "magnitude": 94.0, "dense": 90.0, "rigl": 93.0, "set": 92.0}
    )
    assert table["ms"].isna().all()
    (row,) = [row for row in rows(tmp_path) if "regrowth" in row.item]
    assert row.verdict == REPRODUCED
    assert "rigl at 98 % sparsity, less fixed +2.00 points" in row.ours
