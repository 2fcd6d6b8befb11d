"""The report of a run of `nas bench --mode allreduce`: rows.csv, a figure for each number of processes, and a page."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nas_cli.bench.allreduce.table import COLUMNS, best_settings
from nas_cli.bench.rows import csv_text
from nas_cli.reports.page.bench_page import bench_page, rows_table
from nas_cli.reports.page.elements import card, drawing, note, section
from nas_cli.reports.plots.bandwidth import bandwidth_plots
from nas_cli.reports.plots.style import Plot
from nas_cli.reports.run_files import write_run_files
from nas_cli.reports.source import Source

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
    tables = {"rows.csv": csv_text(rows, COLUMNS).encode("utf-8")}
    return write_run_files(run_path, tables, plots, _page(source, rows, plots))


def _page(source: Source, rows: Sequence[Mapping[str, Any]], plots: Sequence[Plot]) -> str:
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
    }
    return bench_page(source, sections)


def _table(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str:
    return rows_table(rows, names, TEXTS, lambda name, value: f"{value:.0%}" if "share" in name else f"{value:.4g}")
