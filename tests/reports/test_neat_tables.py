from pathlib import Path

import pandas as pd
import pytest

from nas_cli.errors import RunError
from nas_cli.reports.experiments.neat import XOR, boston_summary, build_neat, deep_summary, xor_summary


def test_searches_that_solved_exclusive_or_are_averaged_beside_the_papers() -> None:
    rows = [
        {"seed": 0, "solved": True, "generation": 9, "networks": 1400, "hidden": 1, "connections": 5},
        {"seed": 1, "solved": True, "generation": 19, "networks": 2900, "hidden": 2, "connections": 8},
        {"seed": 2, "solved": False, "networks": 22500},
    ]
    ours = xor_summary(pd.DataFrame(rows)).iloc[0]
    assert ours.tolist() == ["nas", 3, 2, 15, 2150, 1.5, 6.5]


def test_searches_of_which_none_has_solved_exclusive_or_have_no_means() -> None:
    ours = xor_summary(pd.DataFrame([{"seed": 0, "solved": False, "networks": 22500}])).iloc[0]
    assert ours.tolist()[:3] == ["nas", 1, 0]
    assert ours[["generations", "networks", "hidden neurons", "connections"]].isna().all()


def test_errors_on_boston_have_their_deviation_over_seeds() -> None:
    rows = [
        {"method": "mean", "train_rmse": 9.0, "valid_rmse": 9.0, "test_rmse": 9.0},
        {"method": "NEAT", "train_rmse": 4.0, "valid_rmse": 4.0, "test_rmse": 5.0},
        {"method": "NEAT", "train_rmse": 4.0, "valid_rmse": 4.0, "test_rmse": 7.0},
    ]
    found = boston_summary(pd.DataFrame(rows))
    assert found.method.tolist() == ["mean", "NEAT"]
    assert found.test_rmse.tolist() == ["9.00", "6.00 ± 1.41"]


def test_strategies_are_compared_with_random_search_seed_by_seed() -> None:
    rows = [
        {"strategy": name, "seed": seed, "trials": 40, "valid_accuracy": 0.8 + gain, "test_accuracy": 0.7 + seed / 100}
        for name, gain in (("random", 0.0), ("deepneat", 0.02))
        for seed in range(3)
    ]
    found = deep_summary(pd.DataFrame(rows)).set_index("strategy")
    assert found.loc["deepneat", "valid_accuracy - random"] == "2.00 [2.00, 2.00]"
    assert found.loc["random", "valid_accuracy - random"] == ""
    assert str(found.loc["deepneat", "test_accuracy"]).startswith("71.00 [68.5")


def test_the_page_is_written_from_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="run the experiment first"):
        build_neat(tmp_path / "runs", tmp_path / "out", "command")
    row = {"seed": 0, "solved": True, "generation": 9, "networks": 1400, "hidden": 1, "connections": 5}
    (tmp_path / "out").mkdir()
    pd.DataFrame([row]).to_csv(tmp_path / "out" / XOR, index=False)
    written = build_neat(tmp_path / "runs", tmp_path / "out", "command")
    assert [path.name for path in written] == ["README.md", "made.csv"]
    assert "exclusive or" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
