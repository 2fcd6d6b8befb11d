"""The report of a run of `nas bench --mode optimizers`: tables, figures and a page, from the journal."""

from pathlib import Path

from nas_cli.reports.optimizer_study import Study
from nas_cli.reports.optimizer_summary import csv_files
from nas_cli.reports.page.optimizers_page import optimizers_page
from nas_cli.reports.plots.optimizers import optimizer_plots
from nas_cli.reports.plots.style import png
from nas_cli.reports.source import Source
from nas_cli.runs.files import refusal, write_atomic


def build_optimizers_report(source: Source, run_path: Path) -> list[Path]:
    """The files written into the run folder: optimizers.csv, curves.csv, rates.csv, statements.csv, plots/*.png,
    report.html.

    Raises:
        RunError: if the folder cannot be written.
    """
    study = Study(source.history.events)
    plots = optimizer_plots(study)
    folder = run_path / "plots"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files = {folder / f"{plot.name}.png": png(plot) for plot in plots}
        for old in set(folder.glob("*.png")) - set(files):
            old.unlink()
    except OSError as error:
        raise refusal(error, folder) from error
    files |= {run_path / name: text.encode("utf-8") for name, text in csv_files(study).items()}
    files[run_path / "report.html"] = optimizers_page(source, study, plots).encode("utf-8")
    for file, content in files.items():
        write_atomic(file, content)
    return list(files)
