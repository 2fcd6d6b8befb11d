"""The report of a run of `nas bench --mode optimizers`: tables, figures and a page, from the journal."""

from pathlib import Path

from nas_cli.reports.optimizer_study import Study
from nas_cli.reports.optimizer_summary import csv_files
from nas_cli.reports.page.optimizers_page import optimizers_page
from nas_cli.reports.plots.optimizers import optimizer_plots
from nas_cli.reports.run_files import write_run_files
from nas_cli.reports.source import Source


def build_optimizers_report(source: Source, run_path: Path) -> list[Path]:
    """The files written into the run folder: optimizers.csv, curves.csv, rates.csv, statements.csv, plots/*.png,
    report.html.

    Raises:
        RunError: if the folder cannot be written.
    """
    study = Study(source.history.events)
    plots = optimizer_plots(study)
    tables = {name: text.encode("utf-8") for name, text in csv_files(study).items()}
    return write_run_files(run_path, tables, plots, optimizers_page(source, study, plots))
