"""The page of a comparison of optimizers."""

from collections.abc import Mapping, Sequence
from typing import Any

from nas_cli.reports.learning_rates import hypothesis_sentence, rate_hypothesis
from nas_cli.reports.optimizer_study import CURVE_NOTE, INTERVAL_NOTE, Study
from nas_cli.reports.optimizer_summary import row_label, shown_interval, verdict_rows
from nas_cli.reports.page.bench_page import bench_page
from nas_cli.reports.page.elements import Cell, Column, Row, card, drawing, escape, note, section, table
from nas_cli.reports.plots.style import Plot
from nas_cli.reports.source import Source

MEASURED = (("test_accuracy", 100.0, 1), ("test_loss", 1.0, 3), ("train_accuracy", 100.0, 1), ("train_loss", 1.0, 3),
            ("epoch_seconds", 1.0, 1))  # fmt: skip
"""Columns with intervals: value, factor, digits."""


def optimizers_page(source: Source, study: Study, plots: Sequence[Plot]) -> str:
    """The whole page."""
    together = [plot for plot in plots if plot.name.endswith("_all")]
    rates = [plot for plot in plots if plot.name in ("rates", "distances")]
    alone = [plot for plot in plots if plot not in (*together, *rates)]
    found = rate_hypothesis(study)
    said = f"<p>{escape(hypothesis_sentence(found))}</p>" if found else ""
    sections = {
        "Summary": section("summary", "Summary", card(_rows(study), note(f"{INTERVAL_NOTE} {CURVE_NOTE}"))),
        "Statements": section("statements", "The article's statements", card(_statements(study))),
        "Together": section("together", "Optimizers together", *map(drawing, together)),
        "Learning rates": section("rates", "Learning rates", said, *map(drawing, rates)),
        "Each optimizer": section("each", "Each optimizer", *map(drawing, alone)),
    }
    return bench_page(source, sections)


def _rows(study: Study) -> str:
    columns = [Column("protocol", "text"), Column("optimizer", "text"), Column("rate"), Column("seeds")]
    columns += [Column(_title(name)) for name, *_ in MEASURED]
    columns += [Column("converged in epoch"), Column("diverged")]
    return table(columns, [Row(_cells(row, study.asked)) for row in study.rows()])


def _title(name: str) -> str:
    units = {"accuracy": " [%]", "seconds": ""}
    return name.replace("_", " ") + units.get(name.rpartition("_")[2], "")


def _cells(row: Mapping[str, Any], asked: Mapping[str, Any]) -> list[Cell]:
    label = row_label(row, asked)
    rate = f"{row['rate']:g}" + (", at the edge of those tried" if row["rate_at_edge"] else "")
    cells = [Cell(row["protocol"], row["protocol"]), Cell(label, label), Cell(rate, row["rate"])]
    cells.append(Cell(str(row["seeds"]), row["seeds"]))
    for name, factor, digits in MEASURED:
        cells.append(Cell(shown_interval(row, name, factor, digits), "" if row[name] is None else row[name]))
    epoch = row["converged_epoch"]
    return [*cells, Cell("" if epoch is None else str(epoch), epoch or ""), Cell(str(row["diverged"]), row["diverged"])]


def _statements(study: Study) -> str:
    kinds = {"statement": "text prose", "figures": "text", "protocol": "text", "verdict": "text", "measured": "text"}
    rows = [Row([Cell(row[name], row[name]) for name in kinds]) for row in verdict_rows(study)]
    return table([Column(name, kind) for name, kind in kinds.items()], rows)
