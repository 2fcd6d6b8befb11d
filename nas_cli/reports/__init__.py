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


def compare(run_paths: Sequence[Path], out: Path, objectives: str = "", reference: str = "") -> list[Path]:
    """The files written under `out`: comparison.csv and a table per analysis, plots/*.png and comparison.html.

    `objectives`: of the Pareto fronts, such as 'fitness,-flops', a minus before what is to be small; empty for the
    score against FLOPs. `reference`: of the hypervolume, such as '0.5,2e6'; empty for the worst values of these runs.

    Raises:
        ConfigError: if the objectives or the reference are no such lists.
        RunError: if one of the folders is not a run, or `out` cannot be written.
    """
    from nas_cli.reports.comparison import build_comparison
    from nas_cli.reports.objectives import DEFAULT, reference_point
    from nas_cli.reports.objectives import objectives as named

    wanted = named(objectives) if objectives else ()
    point = reference_point(reference, wanted or named(",".join(DEFAULT))) if reference else None
    return build_comparison(run_paths, out, wanted, point)


def gather(folder: Path) -> list[Path]:
    """The page written into a folder of runs and results: index.html, with a table of the runs and the experiments.

    Raises:
        RunError: if there is neither below it, or it cannot be written.
    """
    from nas_cli.reports.tree import build_tree

    return build_tree(folder)
