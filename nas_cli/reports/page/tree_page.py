"""index.html of a folder of runs and results."""

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pandas as pd

from nas_cli.reports.glance import Glance
from nas_cli.reports.numbers import count, size
from nas_cli.reports.page.elements import (
    Cell,
    Column,
    Row,
    anchors,
    card,
    document,
    escape,
    folded,
    grid,
    note,
    section,
    table,
)
from nas_cli.reports.page.headline import Figure, boxes
from nas_cli.reports.page.markdown_page import markdown, picture
from nas_cli.reports.page.trials_table import number_cell

if TYPE_CHECKING:
    from nas_cli.reports.tree import Experiment, Tree

ROWS = 40
"""Rows of a table that the page holds."""
UNFOLDED = 60
"""Runs up to which their tables are open when the page opens."""


def tree_page(tree: "Tree") -> str:
    """The page as text; sections without content are left out."""
    title = f"nas · {tree.path.resolve().name}"
    text = card(markdown(tree.text.read_text(encoding="utf-8"), tree.path)[0]) if tree.text else ""
    sections = {
        "Overview": section("overview", "Overview", text),
        "Runs": section("runs", "Runs", _runs(tree)),
        "Comparisons": section("comparisons", "Comparisons", _comparisons(tree)),
        **{
            one.path.name: section(f"experiment-{one.path.name}", one.path.name, *_experiment(one))
            for one in tree.experiments
        },
    }
    lead = '<p class="lead">What was run here, and what came of it</p>'
    head = f"<h1>{escape(title)}</h1>\n{lead}\n{anchors(sections.items())}"
    body = "\n".join([_headline(tree), *sections.values()])
    return document(title, head, body, f"Made by nas report {tree.path}.")


def _headline(tree: "Tree") -> str:
    runs = [run for group in tree.runs.values() for run in group]
    states = ", ".join(
        f"{number} {state}"
        for state in ("running", "interrupted", "unfinished", "failed", "damaged")
        if (number := sum(run.status == state for run in runs))
    )
    trials = sum(run.trials for run in runs)
    return boxes(
        [
            Figure("Runs", str(len(runs)) if runs else "", states or "all complete"),
            Figure("Trials", f"{trials:,}" if trials else "", f"{sum(run.failed for run in runs):,} failed"),
            Figure("On disk", size(sum(run.size_bytes for run in runs)) if runs else "", "of the runs"),
            Figure("Experiments", str(len(tree.experiments)) if tree.experiments else "", "with tables and figures"),
        ]
    )


def _runs(tree: "Tree") -> str:
    every = sum(map(len, tree.runs.values()))
    made = [
        folded(
            f"{_relative(folder, tree.path)} ({len(runs)} {'run' if len(runs) == 1 else 'runs'})",
            _table(runs, tree.path),
            unfolded=every <= UNFOLDED,
        )
        for folder, runs in tree.runs.items()
    ]
    bare = sum(not (run.path / "report.html").is_file() for group in tree.runs.values() for run in group)
    told = f"{bare} without a page: nas report RUN makes it." if bare else ""
    return card(*made, note(told)) if made else ""


def _table(runs: Sequence[Glance], root: Path) -> str:
    texts = ("run", "command", "status")
    numbers = ("validation", "test", "FLOPs", "parameters", "trials", "begun", "size")
    columns = [*(Column(title, "text") for title in texts), *(Column(title) for title in numbers)]
    return table(columns, [_row(run, root) for run in runs])


def _row(run: Glance, root: Path) -> Row:
    page = run.path / "report.html"
    link = quote(page.relative_to(root).as_posix()) if page.is_file() else ""
    begun = datetime.datetime.fromtimestamp(run.begun, datetime.UTC)
    measure = "" if run.measure == "accuracy" or run.valid is None else f" {run.measure}"
    cells = [
        Cell(run.path.name, run.path.name, link=link),
        Cell(run.command, run.command),
        Cell(run.status, run.status),
        number_cell(run.valid, run.valid_text + measure),
        number_cell(run.test, run.test_text),
        number_cell(run.flops, count(run.flops)),
        number_cell(run.params, count(run.params)),
        Cell(str(run.trials or ""), run.trials or ""),
        Cell(f"{begun:%Y-%m-%d %H:%M}", run.begun),
        Cell(size(run.size_bytes), run.size_bytes),
    ]
    return Row(cells, kind="failed" if run.status in ("failed", "damaged") else "")


def _comparisons(tree: "Tree") -> str:
    links = "".join(
        f'<li><a href="{quote(page.relative_to(tree.path).as_posix())}">{escape(_relative(page.parent, tree.path))}</a>'
        for page in tree.comparisons
    )
    return card(f"<ul>{links}</ul>") if links else ""


def _experiment(one: "Experiment") -> list[str]:
    told, shown = [], set()
    for file in one.texts:
        text, pictures = markdown(file.read_text(encoding="utf-8"), one.path)
        told.append(card(text))
        shown |= pictures
    figures = [
        f'<figure class="card picture">{picture(file, file.stem)}<figcaption>{escape(file.name)}</figcaption></figure>'
        for file in one.figures
        if file.resolve() not in shown
    ]
    return [*told, grid(figures), *(_csv(file, content) for file, content in one.tables)]


def _csv(file: Path, content: pd.DataFrame) -> str:
    rows = [[_short(text) for text in row] for row in content.head(ROWS).itertuples(index=False)]
    columns = [Column(str(name), _kind([row[at] for row in rows])) for at, name in enumerate(content.columns)]
    made = table(columns, [Row([Cell(text, text) for text in row]) for row in rows]) if rows else ""
    rest = len(content) - ROWS
    told = note(f"{rest} more rows in {file.name}.") if rest > 0 else ""
    return folded(f"{file.name} ({len(content)} rows)", card(made, told) if made else "")


def _short(text: object) -> str:
    """A number with at most six digits; other text as it is."""
    try:
        return f"{float(str(text)):.6g}" if "." in str(text) else str(text)
    except ValueError:
        return str(text)


def _kind(texts: Sequence[str]) -> str:
    """'' for a column of numbers, which stand to the right."""
    try:
        [float(text) for text in texts if text]
    except ValueError:
        return "text"
    return ""


def _relative(path: Path, root: Path) -> str:
    below = path.relative_to(root).as_posix()
    return root.resolve().name if below == "." else below
