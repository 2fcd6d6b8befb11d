"""The report of a `nas bench` run: rows.csv, figures and a page, from the journal."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nas_cli.bench.rows import COLUMNS, csv_text
from nas_cli.reports.allreduce_report import build_allreduce_report
from nas_cli.reports.optimizers_report import build_optimizers_report
from nas_cli.reports.page.bench_page import bench_page, rows_table
from nas_cli.reports.page.elements import Cell, Column, Row, card, drawing, escape, note, section, table
from nas_cli.reports.plots.scaling import scaling_plots
from nas_cli.reports.plots.style import Plot
from nas_cli.reports.run_files import write_run_files
from nas_cli.reports.source import Source

SHOWN = ("cluster", "mode", "model", "processes", "servers", "batch", "images_per_second", "uncertainty",
         "jitter", "efficiency", "efficiency_independent", "oversubscribed", "binds", "step_seconds", "threads",
         "bytes_moved", "cpu_seconds", "peak_memory_bytes", "staleness", "kind")  # fmt: skip
TEXTS = ("cluster", "mode", "model", "oversubscribed", "binds", "kind")


def build_bench_report(source: Source, run_path: Path) -> list[Path]:
    """The files written into the run folder: rows.csv (of a comparison of optimizers its own tables), plots/*.png,
    report.html.

    Raises:
        RunError: if the folder cannot be written.
    """
    if source.history.start.get("mode") == "optimizers":
        return build_optimizers_report(source, run_path)
    if source.history.start.get("mode") == "allreduce":
        return build_allreduce_report(source, run_path)
    rows = [
        row
        for kind in ("measured", "rows", "advice")
        for event in source.history.of_kind(kind)
        for row in event["rows"]
    ]
    plots = scaling_plots(rows)
    tables = {"rows.csv": csv_text(rows, COLUMNS).encode("utf-8")}
    return write_run_files(run_path, tables, plots, _page(source, rows, plots))


def _page(source: Source, rows: Sequence[Mapping[str, Any]], plots: Sequence[Plot]) -> str:
    sections = {
        "Advice": section("advice", "Advice", *[_advice(event) for event in source.history.of_kind("advice")]),
        "Calibration": section("fit", "Calibration", *[_fit(event) for event in source.history.of_kind("calibration")]),
        "Scaling": section("scaling", "Scaling", *[drawing(plot) for plot in plots]),
        "Rows": section("rows", "Rows", card(_table(rows), note("All columns are in rows.csv."))),
    }
    return bench_page(source, sections)


def _advice(event: Mapping[str, Any]) -> str:
    title = f"{event['model']} on {event['cluster']}"
    text = "".join(f"<p>{escape(sentence)}</p>" for sentence in event["sentences"])
    return card(f"<h3>{escape(title)}</h3>{text}", _table(event["choices"]))


def _fit(event: Mapping[str, Any]) -> str:
    columns = [Column("parameter", "text"), Column("fitted"), Column("standard error")]
    rows = []
    for name, value in event["fitted"].items():
        spread = event["spread"].get(name)
        shown = "the rows do not tell" if spread is None else f"{spread:.0%}"
        rows.append(Row([Cell(name, name), Cell(f"{value:.4g}", value), Cell(shown, spread or "")]))
    told = f"{event['cluster']}: {event['fitted_rows']} measured rows, off by {event['rms']:.1%} (root mean square)."
    return card(f"<p>{escape(told)}</p>", table(columns, rows, sortable=False))


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    return rows_table(rows, SHOWN, TEXTS, _number)


def _number(name: str, value: float) -> str:
    if name.startswith("efficiency"):
        return f"{value:.1%}"
    return f"{value:,.1f}" if value >= 100 else f"{value:.4g}"
