"""Journal to CSV, plots and HTML; never imports TensorFlow."""

from collections.abc import Sequence
from pathlib import Path


def build(run_path: Path) -> list[Path]:
    """The files written from the run's journal: trials.csv, plots/*.png and report.html.

    Raises:
        RunError: if the folder is not a run, or cannot be written.
    """
    # Imported here: pandas and matplotlib take longer to load than most commands take to run.
    from nas_cli.reports.run_report import build_report

    return build_report(run_path)


def compare(run_paths: Sequence[Path], out: Path) -> list[Path]:
    """The files written under `out`: comparison.csv, plots/*.png and comparison.html.

    Raises:
        RunError: if one of the folders is not a run, or `out` cannot be written.
    """
    from nas_cli.reports.comparison import build_comparison

    return build_comparison(run_paths, out)
