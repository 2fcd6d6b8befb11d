"""Tables of the experiment on the relevance of parameters, from made-up runs whose numbers are easy to work out."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from nas_cli.errors import RunError
from nas_cli.reports.experiments.relevance import build_relevance
from nas_cli.reports.experiments.relevance_runs import NOISE, find_runs, run_table
from nas_cli.reports.experiments.relevance_tables import against, comparison, conclusions, size_reductions, verdict
from nas_cli.reports.intervals import Interval
from nas_cli.spaces.architecture import Architecture, node
from tests.reports import structures
from tests.reports.journals import training_events, write_run


def write_search(
    folder: Path, test: float, nonzero: int | None = None, kind: str = "derived", measure: str = "accuracy"
) -> Path:
    """A run that ends with one search of 42 s and one network, with ARD where `nonzero` of 1000 weights are left."""
    events = structures.structure_events(
        "nasbench201", 1 if kind == "derived" else 0, 4, derived=(0.7,), random=(), measure=measure
    )
    trial = structures.trials(events)[0]
    if nonzero is not None:
        trial["extra"] = {"relevance": {"weights": 1000, "nonzero": nonzero}}
    events.insert(-1, {"event": "test", "time": 150.0, "trial": 0, "metrics": {f"test_{measure}": test}})
    return write_run(folder, events, strategy="darts")


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for number, (plain, ard) in enumerate(((0.90, 0.89), (0.91, 0.91), (0.92, 0.93))):
        path = write_search(tmp_path / "mnist" / f"first-{number}", plain)
        noisy = [{"deviation": 0.0, "accuracy": 0.9}, {"deviation": 0.3, "accuracy": 0.85 - 0.01 * number}]
        (path / NOISE).write_text(json.dumps(noisy))
        write_search(tmp_path / "mnist" / f"first_ard-{number}", ard, nonzero=250)
    return tmp_path


def row(table: pd.DataFrame, arm: str) -> dict[str, Any]:
    found: dict[str, Any] = table[table.arm == arm].iloc[0].to_dict()
    return found


def test_what_is_read_from_a_run(runs: Path) -> None:
    found = row(run_table(find_runs(runs)), "first_ard")
    assert (found["dataset"], found["number"], found["measure"]) == ("mnist", 0, "accuracy")
    assert (found["valid"], found["test"]) == (70.0, 89.0)
    assert (found["params"], found["flops"], found["weights"], found["nonzero"]) == (1000, 1e6, 1000, 250)
    assert (found["design_seconds"], found["seconds"]) == (42.0, 200.0)


def test_without_ard_the_weights_are_those_of_kernels_and_biases(runs: Path) -> None:
    found = row(run_table(find_runs(runs)), "first")
    assert found["nonzero"] == found["weights"] > 1000


def test_arms_have_means_intervals_and_stability(runs: Path) -> None:
    found = row(comparison(run_table(find_runs(runs))), "first")
    # 91 ± 4.3027 · 1 / √3; noise costs 5, 6 and 7 points.
    assert (found["test"], found["low"], found["high"], found["std"]) == (91.0, 88.516, 93.484, 1.0)
    assert (found["runs"], found["noise"], found["design_minutes"], found["minutes"]) == (3, 6.0, 0.7, 3.33)


def test_size_reductions_pair_runs_of_one_number(runs: Path) -> None:
    table = run_table(find_runs(runs))
    table.loc[table.arm == "first", "nonzero"] = [1000.0, 500.0, 750.0]
    found = row(size_reductions(table), "first_ard")
    # 4, 2 and 3 times smaller: 3 ± 4.3027 / √3; changes -1, 0 and 1 points.
    assert (found["pairs"], found["smaller"], found["smaller_low"], found["smaller_high"]) == (3, 3.0, 0.516, 5.484)
    assert (found["change"], found["change_low"], found["change_high"]) == (0.0, -2.484, 2.484)
    assert found["verdict"] == "not decided"
    assert conclusions(table) == ["MNIST: in no arm is a reduction at an equal score shown."]


def test_a_reduction_holds_where_the_score_is_equal_within_the_margin(runs: Path) -> None:
    table = run_table(find_runs(runs))
    table.loc[table.arm == "first", "nonzero"] = 1000.0
    table["test"] = 90.0
    assert row(size_reductions(table), "first_ard")["verdict"] == "equal within the margin"
    assert conclusions(table)[0] == (
        "MNIST: ARD makes networks smaller at an equal or better score in 1 of 1 arms: first_ard 4.00× (4.00 to 4.00)."
    )


@pytest.mark.parametrize(
    ("low", "high", "count", "said"),
    [
        (0.1, 2.0, 3, "better"),
        (-0.5, 0.5, 3, "equal within the margin"),
        (-2.0, 0.5, 3, "not decided"),
        (-3.0, -0.5, 3, "worse"),
        (-0.9, -0.5, 3, "slightly worse, within the margin"),
        (0.1, 2.0, 2, "too few runs"),
    ],
)
def test_what_an_interval_allows_to_say(low: float, high: float, count: int, said: str) -> None:
    assert verdict(Interval((low + high) / 2, low, high, count), 1.0) == said


def test_of_errors_lower_ones_are_better(tmp_path: Path) -> None:
    for number in range(3):
        write_search(tmp_path / "boston" / f"first-{number}", 4.0, measure="rmse")
        write_search(tmp_path / "boston" / f"random-{number}", 5.0 + number, kind="random", measure="rmse")
    table = run_table(find_runs(tmp_path))
    found = row(against(table, "random"), "first")
    assert (found["change"], found["verdict"]) == (2.0, "not decided")
    assert row(comparison(table), "random")["design_minutes"] == 0.0


def test_a_graph_chosen_by_hand_comes_from_a_training_of_a_file(tmp_path: Path) -> None:
    nodes = (node("input", shape=(3,)), node("dense", (0,), units=4, activation="relu"), node("dense", (1,), units=1))
    file = tmp_path / "handmade.json"
    file.write_text(json.dumps(Architecture(nodes).to_json()))
    events = training_events(epochs=2)
    del events[0]["architecture"]
    folder = write_run(tmp_path / "mnist" / "handmade-0", events)
    config = yaml.safe_load((folder / "config.yaml").read_text()) | {"model": {"name": str(file)}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    found = row(run_table(find_runs(tmp_path)), "handmade")
    assert (found["test"], found["design_seconds"]) == (77.13, 0.0)
    # 3·4 + 4 weights of the first layer, 4·1 + 1 of the second.
    assert found["nonzero"] == 21
    file.unlink()
    assert row(run_table(find_runs(tmp_path)), "handmade")["nonzero"] is None


def test_few_pairs_conclude_nothing(runs: Path) -> None:
    table = run_table(find_runs(runs))
    said = conclusions(table[table.number < 2])
    assert said == ["MNIST: too few pairs of runs with and without ARD to conclude anything."]


def test_the_page_is_written_from_complete_runs(runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    names = [path.name for path in build_relevance(runs, out, "the command")]
    tables = ["comparison.csv", "size.csv", "runs.csv", "README.md", "made.csv"]
    assert names == [*tables, "size_mnist.png", "size_mnist.svg"]
    text = (out / "README.md").read_text(encoding="utf-8")
    assert "Made by `the command` from the journals of 6 runs" in text
    with pytest.raises(RunError, match="run the experiment first"):
        build_relevance(tmp_path / "nothing", out, "the command")


def test_a_damaged_noise_file_is_named(runs: Path) -> None:
    (runs / "mnist" / "first-0" / NOISE).write_text("[]")
    with pytest.raises(RunError, match="delete it"):
        run_table(find_runs(runs))
