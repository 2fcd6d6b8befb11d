"""The files of a run's report in its folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from nas_cli.reports.plots.style import Plot, png
from nas_cli.runs.files import refusal, write_atomic


def write_run_files(run_path: Path, tables: Mapping[str, bytes], plots: Sequence[Plot], page: str) -> list[Path]:
    """The files written: tables by name, plots/*.png and report.html.

    Raises:
        RunError: if the folder cannot be written.
    """
    for name, content in tables.items():
        write_atomic(run_path / name, content)
    drawn = write_plots(plots, run_path / "plots")
    write_atomic(run_path / "report.html", page.encode("utf-8"))
    return [*(run_path / name for name in tables), *drawn, run_path / "report.html"]


def write_plots(plots: Sequence[Plot], folder: Path) -> list[Path]:
    """The PNG files of the figures; other PNG files in the folder are removed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files = {folder / f"{plot.name}.png": plot for plot in plots}
        for old in set(folder.glob("*.png")) - set(files):
            old.unlink()
    except OSError as error:
        raise refusal(error, folder) from error
    for file, plot in files.items():
        write_atomic(file, png(plot))
    return list(files)
