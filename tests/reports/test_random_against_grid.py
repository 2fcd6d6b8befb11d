from pathlib import Path

import pytest

from nas_cli.errors import RunError
from nas_cli.reports.experiments.random_against_grid import (
    Course,
    build_random_against_grid,
    run_table,
    summarised,
)


def course(strategy: str, important: int, seed: int, best: float) -> Course:
    firsts = (0.25, 0.25, 0.75, 0.75) if strategy == "grid" else (0.1, 0.2, 0.3, 0.4)
    return Course(strategy, important, seed, tuple((x, 0.5) for x in firsts), (0.0, best, 0.1, 0.05))


COURSES = [
    course(strategy, important, seed, best + seed / 10)
    for important in (1, 4)
    for seed in (0, 1, 2)
    for strategy, best in (("grid", 0.3), ("random", 0.5))
]


def test_a_run_counts_the_values_tried_of_the_important_hyper_parameter() -> None:
    first, second = run_table(COURSES[:2]).to_dict("records")
    assert (first["strategy"], first["values_tried"], first["best"], first["trials"]) == ("grid", 2, 0.3, 4)
    assert (second["strategy"], second["values_tried"], second["best"]) == ("random", 4, 0.5)


def test_the_summary_is_the_mean_over_seeds_with_its_interval() -> None:
    grid = summarised(run_table(COURSES)).to_dict("records")[0]
    # t(0.975, 2) = 4.3027, standard deviation 0.1.
    assert (grid["seeds"], grid["best"], grid["best_low"]) == (
        3,
        0.4,
        pytest.approx(0.4 - 4.3027 * 0.1 / 3**0.5, abs=1e-4),
    )


def test_tables_and_figures_are_written(tmp_path: Path) -> None:
    paths = build_random_against_grid(COURSES, tmp_path / "out", "python scripts/x.py", 30.0)
    assert {path.name for path in paths} == {
        "runs.csv", "summary.csv", "README.md", "made.csv", "tried.png", "tried.svg", "found.png", "found.svg",
    }  # fmt: skip
    assert all(path.stat().st_size for path in paths)


def test_no_searches_are_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no searches"):
        build_random_against_grid([], tmp_path, "x", 0.0)
