"""`results/README.md` and `results/reproduction.csv`, from the tables below results/."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from nas_cli.reports.experiments.markdown import markdown
from nas_cli.reports.reproduction import (
    codeepneat_thesis,
    lecture_compression,
    lecture_search,
    morphnet_abstract,
    optimizers_and_distribution,
    relevance_of_parameters,
)
from nas_cli.reports.reproduction.catalogue import FOLDERS, state
from nas_cli.reports.reproduction.folder import UNKNOWN, Folder, Missing
from nas_cli.reports.reproduction.row import IMPOSSIBLE, NOT_RUN, SMOKE, VERDICTS, Claim, Judged, Row
from nas_cli.runs.files import write_atomic

DOCUMENTS = (
    morphnet_abstract,
    lecture_compression,
    lecture_search,
    optimizers_and_distribution,
    codeepneat_thesis,
    relevance_of_parameters,
)
PAPER = "_paper"
"""Ending of the folders with results of the documents' own sizes, which come before reduced ones."""

INTRODUCTION = """# Results

Written by `make reproduce-tables` from the tables in the folders here, which the experiments' commands write from the
journals of their runs in `results/runs/` (ignored by git). Nothing is typed in: a row without its table says so. Five
documents define the project. A reduced result is compared in direction and ratio, never digit by digit.
"""
SMOKE_NOTE = "**Smoke: shows that every experiment runs and is read. Its figures mean nothing, and have no verdict.**"


def claims() -> list[Claim]:
    """All claims of the five documents, in their order."""
    return [claim for document in DOCUMENTS for claim in document.claims()]


def rows(results: Path, scale: str = "reduced") -> list[Row]:
    """A row per claim, from the folders below `results`.

    Raises:
        RunError: if a table is damaged.
    """
    return [_row(claim, results, scale) for claim in claims()]


def write_page(results: Path, scale: str = "reduced") -> list[Path]:
    """The files written: README.md and reproduction.csv.

    Raises:
        RunError: if a table is damaged, or `results` cannot be written.
    """
    found = rows(results, scale)
    results.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame([asdict(row) for row in found])
    texts = {"README.md": _page(found, results, scale), "reproduction.csv": table.to_csv(index=False)}
    for name, text in texts.items():
        write_atomic(results / name, text.encode("utf-8"))
    return [results / name for name in texts]


def _row(claim: Claim, results: Path, scale: str) -> Row:
    reasons = []
    for ending in ("",) if scale == "smoke" else (PAPER, ""):
        kind = "smoke" if scale == "smoke" else "paper" if ending else "reduced"
        folder = Folder(results / f"{claim.folder}{ending}", kind)
        try:
            return _judged(claim, folder, claim.judge(folder))
        except Missing as missing:
            reasons.append(str(missing))
    stand_in = "stand-in not run yet" if claim.impossible else "not run yet"
    return Row(
        document=claim.document,
        item=claim.item,
        paper=claim.paper,
        ours=stand_in,
        scale="none",
        reduced=claim.reduced,
        hardware="none",
        time="none",
        command=f"`{claim.command}`",
        verdict=IMPOSSIBLE if claim.impossible else NOT_RUN,
        why=claim.impossible or reasons[-1],
    )


def _judged(claim: Claim, folder: Folder, judged: Judged) -> Row:
    sizes = folder.sizes(claim.part)
    verdict = IMPOSSIBLE if claim.impossible else judged.verdict
    return Row(
        document=claim.document,
        item=claim.item,
        paper=claim.paper,
        ours=judged.ours,
        scale=folder.scale if folder.scale == "smoke" else claim.scale or folder.scale,
        reduced="nothing"
        if folder.scale == "paper"
        else "; ".join(filter(None, [claim.reduced, sizes and f"here {sizes}"])),
        hardware=folder.hardware(claim.part),
        time=folder.time(claim.part),
        command=f"`{claim.command}`",
        verdict=SMOKE if folder.scale == "smoke" else verdict,
        why=claim.impossible or judged.why,
    )


def _page(found: Sequence[Row], results: Path, scale: str) -> str:
    folders = pd.DataFrame([{"folder": f"`{name}/`", "what it shows": text, "state": state(results / name)}
                            for name, text in FOLDERS.items()])  # fmt: skip
    parts = [INTRODUCTION.strip()]
    parts += [SMOKE_NOTE] if scale == "smoke" else []
    parts += [
        "## Verdicts",
        "\n".join(f"* {name}: {text}." for name, text in VERDICTS.items()),
        markdown(_counts(found)),
        "## Folders",
        markdown(folders),
    ]
    for document in dict.fromkeys(row.document for row in found):
        own = [_cells(row) for row in found if row.document == document]
        parts += [f"## {document}", *_same(found, document), markdown(pd.DataFrame(own))]
    return "\n\n".join(parts) + "\n"


def _counts(found: Iterable[Row]) -> pd.DataFrame:
    table = pd.DataFrame([{"document": row.document, "verdict": row.verdict} for row in found])
    counted = pd.crosstab(table["document"], table["verdict"])
    return counted.reindex(columns=[name for name in (*VERDICTS, SMOKE) if name in counted]).reset_index()


def _same(found: Sequence[Row], document: str) -> list[str]:
    """The hardware, where all rows of a document that have one have the same."""
    known = {row.hardware for row in found if row.document == document} - {"none", UNKNOWN}
    return [f"Hardware of all rows with figures: {known.pop()}."] if len(known) == 1 else []


def _cells(row: Row) -> dict[str, str]:
    """The row without its document, whose heading it stands under; a bar would end a cell."""
    return {key: value.replace("|", "\\|") for key, value in asdict(row).items() if key != "document"}
