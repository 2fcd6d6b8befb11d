from pathlib import Path

import pandas as pd
import pytest

from nas_cli.errors import RunError
from nas_cli.reports.experiments.regions import Searched, build_regions, gains
from nas_cli.reports.reproduction.page import rows
from nas_cli.reports.reproduction.row import DIRECTION, REPRODUCED

BEST = {"random": 0.5, "random, repeated": 0.8, "grid": 0.4, "grid, repeated": 0.6}
ITEM = "hyper-parameters: search again near the best and at edges"


def searches(**best: float) -> list[Searched]:
    """Three seeds, each a tenth better than the one before; of 16 trials repeating brings nothing."""
    return [
        Searched("anywhere", 4, trials, name, seed, trials - 1, (value if trials > 16 else 0.3) + seed / 10)
        for trials in (16, 81)
        for seed in range(3)
        for name, value in (BEST | best).items()
    ]


def verdict(results: Path) -> str:
    (row,) = [row for row in rows(results) if row.item == ITEM]
    return row.verdict


def test_a_gain_is_taken_seed_by_seed(tmp_path: Path) -> None:
    build_regions(searches(), tmp_path, "the command", 1.0)
    table = gains(pd.read_csv(tmp_path / "regions_runs.csv")).set_index(["trials", "strategy"])
    # The seeds differ alike in both, so that the interval is the mean.
    assert table.loc[(81, "random, repeated"), "gain"] == pytest.approx(0.3)
    assert table.loc[(81, "grid, repeated"), "gain_low"] == pytest.approx(0.2)
    assert table.loc[(16, "grid, repeated"), "gain"] == 0


def test_the_row_goes_by_the_largest_number_of_trials(tmp_path: Path) -> None:
    out = tmp_path / "random_against_grid"
    files = build_regions(searches(), out, "the command", 1.0)
    assert {file.name for file in files} == {
        "regions_runs.csv", "regions.csv", "regions_gains.csv", "regions.md", "made.csv", "regions.png", "regions.svg",
    }  # fmt: skip
    assert verdict(tmp_path) == REPRODUCED
    build_regions(searches(**{"grid, repeated": 0.3}), out, "the command", 1.0)
    assert verdict(tmp_path) == DIRECTION


def test_no_searches_are_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no searches"):
        build_regions([], tmp_path, "x", 0.0)
