"""The parts pages are made of; every text that comes from a run is escaped here."""

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources

from nas_cli.reports.plots.style import Plot
from nas_cli.reports.plots.svg import inline_svg, theme_css

LEAST, MOST = 84, 104
"""Pixels that an inch of a drawing has: below, its text is too small to read, above, needlessly large."""


@dataclass(frozen=True)
class Cell:
    """A table's cell: the text shown, what it sorts by ('' sorts last), the share of it that a bar fills, and the
    address it leads to."""

    text: str
    value: str | float | int = ""
    share: float | None = None
    link: str = ""


@dataclass(frozen=True)
class Column:
    """A table's column; `kind` is '' for numbers, 'bar', 'text', or 'text prose' for text that wraps."""

    title: str
    kind: str = ""


@dataclass(frozen=True)
class Row:
    """A table's row with the anchor and the class it has on the page."""

    cells: Sequence[Cell]
    anchor: str = ""
    kind: str = ""


def escape(text: object) -> str:
    """The text with the characters that mean something in HTML replaced."""
    return html.escape(str(text))


def section(anchor: str, title: str, *parts: str) -> str:
    """A titled section; nothing if it has no content."""
    body = "\n".join(part for part in parts if part)
    return f'<section id="{anchor}"><h2>{escape(title)}</h2>\n{body}\n</section>' if body else ""


def card(*parts: str) -> str:
    """A framed box."""
    return f'<div class="card">{"".join(parts)}</div>'


def figure(plot: Plot) -> str:
    """A figure with title and caption, as wide as its column."""
    return _figure(plot, "")


def drawing(plot: Plot) -> str:
    """A figure whose text keeps a readable size: it scrolls sideways where the page is too narrow for it."""
    return _figure(plot, f"min-width:{round(plot.width * LEAST)}px;max-width:{round(plot.width * MOST)}px")


def grid(parts: Iterable[str]) -> str:
    """Boxes two in a row, one on a narrow page; nothing if there are none."""
    found = [part for part in parts if part]
    return f'<div class="grid">{"".join(found)}</div>' if found else ""


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and values; pairs without a value are left out."""
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in pairs if value)
    return f'<dl class="facts">{rows}</dl>'


def table(columns: Sequence[Column], rows: Sequence[Row], sortable: bool = True) -> str:
    """A table whose head stays in sight."""
    head = "".join(f'<th class="{c.kind}" scope="col">{_head(c, sortable)}</th>' for c in columns)
    body = "\n".join(_row(columns, row) for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>'


def folded(summary: str, *parts: str, unfolded: bool = False) -> str:
    """What is shown after a click on its summary; nothing if there is nothing in it."""
    body = "".join(parts)
    return f"<details{' open' if unfolded else ''}><summary>{escape(summary)}</summary>{body}</details>" if body else ""


def anchors(sections: Iterable[tuple[str, str]]) -> str:
    """The bar of links to those of the (title, section) pairs that are on the page."""
    links = [f'<a href="#{text.split(chr(34))[1]}">{escape(title)}</a>' for title, text in sections if text]
    return f"<nav>{''.join(links)}</nav>"


def command(line: str) -> str:
    """A command line with a button that copies it."""
    copy = f'<button type="button" data-copy="{escape(line)}" hidden>copy</button>'
    return f'<div class="command"><code>{escape(line)}</code>{copy}</div>'


def notice(text: str) -> str:
    """A paragraph that must not be overlooked; nothing for an empty text."""
    return f'<p class="notice" role="note">{escape(text)}</p>' if text else ""


def note(text: str) -> str:
    """A small line under a table; nothing for an empty text."""
    return f'<p class="note">{escape(text)}</p>' if text else ""


def document(title: str, head: str, body: str, footer: str) -> str:
    """A complete page with its style and script inside."""
    files = resources.files("nas_cli.reports.page")
    css, js = ((files / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{escape(title)}</title>\n<link rel="icon" href="data:,">\n<style>\n{theme_css()}{css}</style></head>\n'
        f"<body>\n<header>\n{head}\n</header>\n<main>\n{body}\n</main>\n<footer>{escape(footer)}</footer>\n"
        f'<div id="tip" role="tooltip" hidden></div>\n<script>\n{js}</script>\n</body></html>\n'
    )


def _figure(plot: Plot, style: str) -> str:
    return (
        f'<figure class="card plot"><h3>{escape(plot.title)}</h3><div class="wide"><div style="{style}">'
        f"{inline_svg(plot)}</div></div><figcaption>{escape(plot.caption)}</figcaption></figure>"
    )


def _head(column: Column, sortable: bool) -> str:
    return f'<button type="button">{escape(column.title)}</button>' if sortable else escape(column.title)


def _bar(cell: Cell) -> str:
    return "" if cell.share is None else f' style="--share:{100 * min(1.0, cell.share):.1f}%"'


def _text(cell: Cell) -> str:
    return f'<a href="{escape(cell.link)}">{escape(cell.text)}</a>' if cell.link else escape(cell.text)


def _row(columns: Sequence[Column], row: Row) -> str:
    cells = "".join(
        f'<td class="{column.kind}"{_bar(cell)} data-value="{escape(cell.value)}">{_text(cell)}</td>'
        for column, cell in zip(columns, row.cells, strict=True)
    )
    anchor = f' id="{escape(row.anchor)}"' if row.anchor else ""
    return f'<tr class="{row.kind}"{anchor}>{cells}</tr>'
