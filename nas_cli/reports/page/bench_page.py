"""What the pages of all modes of `nas bench` share: their frame, and tables of rows."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from nas_cli.reports.outcome import state
from nas_cli.reports.page.elements import Cell, Column, Row, anchors, document, escape, notice, section, table
from nas_cli.reports.page.reproducibility import reproducibility
from nas_cli.reports.source import Source


def bench_page(source: Source, sections: Mapping[str, str]) -> str:
    """The whole page: title, links to the sections, the sections by title, and how to repeat the run."""
    sections = {**sections, "Repeat this run": section("repeat", "Repeat this run", reproducibility(source))}
    current = state(source.history)
    title = f"nas bench · {source.history.start.get('mode', '')}"
    head = (
        f'<h1>{escape(title)}<span class="status {current.status}">{current.status}</span></h1>\n'
        f'<p class="lead">{escape(source.name)}</p>\n{anchors(sections.items())}'
    )
    told = "" if current.status == "completed" else current.sentence
    return document(title, head, "\n".join([notice(told), *sections.values()]), f"nas bench, {source.name}")


def rows_table(
    rows: Sequence[Mapping[str, Any]],
    names: Sequence[str],
    texts: Collection[str],
    number: Callable[[str, float], str],
) -> str:
    """The columns `names` that some row has (a yes or no: that some row says yes to).

    Those of `texts` are aligned as text, `number` writes a fraction.
    """
    shown = [name for name in names if any(row.get(name) is not None and row[name] is not False for row in rows)]
    columns = [Column(name.replace("_", " "), "text" if name in texts else "") for name in shown]
    return table(columns, [Row([_cell(row.get(name), name, number) for name in shown]) for row in rows])


def _cell(value: Any, name: str, number: Callable[[str, float], str]) -> Cell:
    if value is None:
        return Cell("")
    if isinstance(value, bool):
        return Cell("yes" if value else "no", int(value))
    if isinstance(value, float):
        return Cell(number(name, value), value)
    return Cell(f"{value:,}" if isinstance(value, int) else str(value), value)
