"""The part of report.html that a distillation adds: teachers and student side by side."""

from nas_cli.reports.distillation import Distillation, Side
from nas_cli.reports.numbers import count, percent
from nas_cli.reports.page.elements import Cell, Column, Row, card, note, table


def distillation_section(run: Distillation) -> str:
    """The table and what was minimised; nothing for a run of another command."""
    if not run.sides:
        return ""
    columns = [
        Column("network", "text prose"),
        Column("FLOPs"),
        Column("parameters"),
        Column("validation accuracy"),
        Column("test accuracy"),
    ]
    return card(table(columns, [_row(side) for side in run.sides], sortable=False), note(_said(run)))


def _row(side: Side) -> Row:
    texts = [side.name, count(side.flops), count(side.params), percent_of(side.valid), percent_of(side.test)]
    return Row([Cell(text, text) for text in texts])


def percent_of(value: float | None) -> str:
    """A share with two decimals of a percent; a dash for None."""
    return percent(None) if value is None else f"{value * 100:.2f} %"


def _said(run: Distillation) -> str:
    asked = "once, before the training" if run.block.get("cached") else "in every step"
    found = [f"Loss: {run.loss}.", f"Teachers asked {asked}."]
    agreed = run.agreement("test")
    if agreed is not None:
        found.append(f"Student and teachers answer the same for {percent_of(agreed)} of the test split.")
    return " ".join(found)
