"""The report of a run of `nas bench --mode allreduce`: rows.csv, a figure for each number of processes, and a page."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nas_cli.bench.allreduce.table import COLUMNS, best_settings
from nas_cli.bench.rows import csv_text
from nas_cli.reports.outcome import state
from nas_cli.reports.page.elements import (
    Cell,
    Column,
    Row,
    card,
    document,
    drawing,
    escape,
    note,
    notice,
    section,
    table,
)
from nas_cli.reports.page.reproducibility import reproducibility
from nas_cli.reports.plots.bandwidth import bandwidth_plots
from nas_cli.reports.plots.style import Plot, png
from nas_cli.reports.source import Source
from nas_cli.runs.files import refusal, write_atomic

BEST = ("processes", "message_bytes", "label", "gb_per_second", "share_of_shift", "best_share_of_shift",
        "cpu_seconds_per_gb")  # fmt: skip
SHOWN = ("processes", "message_bytes", "label", "collective", "seconds", "gb_per_second", "best_gb_per_second",
         "share_of_shift", "best_share_of_shift", "share_of_memcpy", "cpu_seconds_per_gb", "idle_cores", "operations",
         "load",
         "oversubscribed")  # fmt: skip
TEXTS = ("label", "collective", "oversubscribed")


def build_allreduce_report(source: Source, run_path: Path) -> list[Path]:
    """The files written into the run folder: rows.csv, plots/*.png, report.html.

    Raises:
        RunError: if the folder cannot be written.
    """
    rows = [row for event in source.history.of_kind("measured") for row in event["rows"]]
    plots = bandwidth_plots(rows)
    folder = run_path / "plots"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refusal(error, folder) from error
    files = {run_path / "rows.csv": csv_text(rows, COLUMNS).encode("utf-8")}
    files |= {folder / f"{plot.name}.png": png(plot) for plot in plots}
    files[run_path / "report.html"] = _page(source, rows, plots).encode("utf-8")
    for file, content in files.items():
        write_atomic(file, content)
    return list(files)


def _page(source: Source, rows: Sequence[Mapping[str, Any]], plots: Sequence[Plot]) -> str:
    current = state(source.history)
    told = note(
        "GB/s: what each process sends of 2 (N-1) / N times the message (bus bandwidth), in the median of all "
        "operations; of a server, what it passes in one direction. Best: of the shortest times. Shares are those of "
        "the shift, the same bytes around the loopback device without arithmetic, and of a copy in memory. Load: the "
        "processes that wanted a core; beyond those of the job it is other work, and then levels count little."
    )
    best = best_settings(rows)
    sections = {
        "Bandwidth": section("bandwidth", "Bandwidth", *[drawing(plot) for plot in plots]),
        "Best settings": section("best", "Best settings", card(_table(best, BEST))) if best else "",
        "Rows": section("rows", "Rows", card(_table(rows, SHOWN), told, note("All columns are in rows.csv."))),
        "Repeat this run": section("repeat", "Repeat this run", reproducibility(source)),
    }
    anchors = [f'<a href="#{text.split(chr(34))[1]}">{escape(title)}</a>' for title, text in sections.items() if text]
    title = "nas bench · allreduce"
    head = (
        f'<h1>{escape(title)}<span class="status {current.status}">{current.status}</span></h1>\n'
        f'<p class="lead">{escape(source.name)}</p>\n<nav>{"".join(anchors)}</nav>'
    )
    what = "" if current.status == "completed" else current.sentence
    return document(title, head, "\n".join([notice(what), *sections.values()]), f"nas bench, {source.name}")


def _table(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str:
    shown = [name for name in names if any(row.get(name) is not None for row in rows)]
    columns = [Column(name.replace("_", " "), "text" if name in TEXTS else "") for name in shown]
    return table(columns, [Row([_cell(row.get(name), name) for name in shown]) for row in rows])


def _cell(value: Any, name: str) -> Cell:
    if value is None:
        return Cell("")
    if isinstance(value, bool):
        return Cell("yes" if value else "no", int(value))
    if "share" in name:
        return Cell(f"{value:.0%}", value)
    if isinstance(value, float):
        return Cell(f"{value:.4g}", value)
    return Cell(f"{value:,}" if isinstance(value, int) else str(value), value)
