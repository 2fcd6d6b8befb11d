from pathlib import Path

import pandas as pd
import pytest

from nas_cli.errors import RunError
from nas_cli.reports.experiments.planted import InputsRun, StructureRun, build_planted, found, removed


def structure(arm: str, seed: int, edges: bool, functions: bool) -> StructureRun:
    return StructureRun(arm, seed, edges, functions, decided=0.5 + seed / 10, mse=0.01 * seed, graph="", seconds=2.0)


STRUCTURES = [
    structure("none", 0, False, False),
    structure("none", 1, True, False),
    structure("dirichlet", 1, True, True),
]
INPUTS = [
    InputsRun("ard", 0, 20, 19, 5, 0, rmse_before=0.5, rmse_after=0.5, rmse_plain=0.6, seconds=1.0),
    InputsRun("ard", 1, 20, 17, 5, 1, rmse_before=0.5, rmse_after=0.6, rmse_plain=0.6, seconds=1.0),
]


def test_counts_and_means_by_arm() -> None:
    table = found(STRUCTURES)
    assert list(table["arm"]) == ["none", "dirichlet"]
    assert list(table["edges_right"]) == [1, 1] and list(table["functions_right"]) == [0, 1]
    assert table["decided"][0] == pytest.approx(0.55) and table["mse"][0] == pytest.approx(0.005)


def test_shares_of_removed_inputs() -> None:
    row = removed(INPUTS).iloc[0]
    assert (row["irrelevant_removed_%"], row["relevant_removed_%"]) == (90.0, 10.0)
    assert row["change"] == pytest.approx(0.05) and row["rmse_after"] == pytest.approx(0.55)


def test_the_files_hold_every_run(tmp_path: Path) -> None:
    paths = build_planted(STRUCTURES, INPUTS, tmp_path, "python x.py", "As it was run.")
    assert [path.name for path in paths] == ["planted.csv", "planted.md", "made.csv"]
    assert len(pd.read_csv(paths[0])) == 5
    assert "As it was run." in paths[1].read_text(encoding="utf-8")
    with pytest.raises(RunError, match="at least one seed"):
        build_planted([], INPUTS, tmp_path, "", "")
