"""Several runs beside each other: a table, the best value so far by strategy, and a page."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from nas_cli.errors import RunError
from nas_cli.reports.analysis import Analysis
from nas_cli.reports.analysis_csv import analysis_files
from nas_cli.reports.comparison_place import COMPARISON
from nas_cli.reports.objectives import Objective
from nas_cli.reports.outcome import test_value, wall_seconds
from nas_cli.reports.page.comparison_page import comparison_page
from nas_cli.reports.plots.comparison import comparison_plots
from nas_cli.reports.plots.correlation import correlation_plots
from nas_cli.reports.plots.fronts import fronts_plots
from nas_cli.reports.plots.importance import importance_plots
from nas_cli.reports.plots.style import Plot
from nas_cli.reports.run_files import write_plots
from nas_cli.reports.source import Source, load
from nas_cli.reports.trials import cell_text
from nas_cli.runs.files import refusal, write_atomic

TABLES = ("best_so_far.csv", "importance.csv", "front.csv", "hypervolume.csv", "correlation.csv")

COLUMNS = (
    "run",
    "command",
    "strategy",
    "dataset",
    "split_digest",
    "seed",
    "status",
    "trials",
    "failed",
    "best_valid",
    "test",
    "flops",
    "params",
    "wall_seconds",
)


def build_comparison(
    run_paths: Sequence[Path],
    out: Path,
    objectives: tuple[Objective, ...] = (),
    reference: tuple[float, ...] | None = None,
) -> list[Path]:
    """The files written under `out`: comparison.csv, the tables of each analysis, plots/*.png, comparison.html.

    Tables of analyses for which these runs have no data, left by an earlier comparison, are removed.

    Raises:
        RunError: if no run is given, a folder is not a run, or `out` cannot be written.
    """
    if not run_paths:
        raise RunError("a comparison needs at least one run, got none: give run folders.")
    sources = [load(path) for path in dict.fromkeys(run_paths)]
    analysis = Analysis(sources, objectives, reference)
    plots = analysis_plots(analysis)
    tables = {"comparison.csv": comparison_csv(sources), **analysis_files(analysis)}
    try:
        out.mkdir(parents=True, exist_ok=True)
        for stale in set(TABLES) - set(tables):
            (out / stale).unlink(missing_ok=True)
    except OSError as error:
        raise refusal(error, out) from error
    for name, content in tables.items():
        write_atomic(out / name, content)
    drawn = write_plots(plots, out / "plots")
    write_atomic(out / COMPARISON, comparison_page(analysis, plots).encode("utf-8"))
    return [*(out / name for name in tables), *drawn, out / COMPARISON]


def analysis_plots(analysis: Analysis) -> list[Plot]:
    """Every figure that the runs have data for."""
    plots = comparison_plots(analysis.sources)
    plots += fronts_plots(analysis.fronts) if analysis.fronts is not None else []
    plots += importance_plots(analysis.importances)
    return plots + correlation_plots(analysis.correlations)


def comparison_csv(sources: Sequence[Source]) -> bytes:
    """One row per run in the order given; an empty cell where a run has no value."""
    rows = [_row(source) for source in sources]
    frame = pd.DataFrame(rows, columns=list(COLUMNS), dtype=str)
    return frame.to_csv(index=False, lineterminator="\n").encode("utf-8")


def _row(source: Source) -> list[str]:
    history = source.history
    wall = wall_seconds(history)
    values = {
        "run": source.name,
        "command": source.command,
        "strategy": source.strategy,
        "dataset": source.dataset,
        "split_digest": history.dataset.get("split_digest"),
        "seed": history.start.get("seed"),
        "status": source.status,
        "trials": len(history.trials),
        "failed": len(history.failed),
        "best_valid": source.best_valid,
        "test": test_value(history),
        "flops": source.flops,
        "params": source.params,
        "wall_seconds": None if wall is None else round(wall, 3),
    }
    whole = ("seed", "trials", "failed", "flops", "params")
    return [cell_text(values[column], column in whole) for column in COLUMNS]
