"""A folder of runs and results on one page: what was run, what came of it, and the experiments' tables and figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from nas_cli.errors import RunError
from nas_cli.reports.comparison_place import COMPARISON
from nas_cli.reports.glance import Glance, glance
from nas_cli.reports.page.tree_page import tree_page
from nas_cli.runs.files import write_atomic
from nas_cli.runs.finding import find_runs
from nas_cli.runs.folder import CONFIG

INDEX = "index.html"
KINDS = (".md", ".csv", ".png")


@dataclass(frozen=True)
class Experiment:
    """A folder with texts, tables and figures that a script made of runs."""

    path: Path
    texts: Sequence[Path]
    tables: Sequence[tuple[Path, pd.DataFrame]]
    figures: Sequence[Path]


@dataclass(frozen=True)
class Tree:
    """What lies below a folder: its own text, the experiments, the runs by the folder they are in, the comparisons."""

    path: Path
    text: Path | None
    experiments: Sequence[Experiment]
    runs: dict[Path, list[Glance]]
    comparisons: Sequence[Path]


def build_tree(folder: Path) -> list[Path]:
    """The page of the folder, index.html in it.

    Raises:
        RunError: if there are neither runs nor results, or the folder cannot be written.
    """
    tree = read_tree(folder)
    if not (tree.runs or tree.experiments):
        raise RunError(f"{folder} is not a run and holds none, nor results: give a run, or a folder of runs.")
    write_atomic(folder / INDEX, tree_page(tree).encode("utf-8"))
    return [folder / INDEX]


def read_tree(folder: Path) -> Tree:
    """Everything below the folder; links are not followed."""
    found: dict[Path, list[Glance]] = {}
    for run in find_runs(folder):
        found.setdefault(run.path.parent, []).append(glance(run))
    beside = {parent for run in found for parent in (run, *run.parents)}
    places = [place for place in sorted(folder.iterdir()) if place.is_dir() and not place.is_symlink()]
    experiments = [_experiment(place) for place in places if place not in beside and not (place / CONFIG).exists()]
    comparisons = {parent / "comparison" / COMPARISON for parent in found} | {place / COMPARISON for place in places}
    text = folder / "README.md"
    return Tree(
        path=folder,
        text=text if text.is_file() else None,
        # Pictures alone may be anybody's: a data set, say.
        experiments=[one for one in experiments if one.texts or one.tables],
        runs=dict(sorted(found.items())),
        comparisons=sorted(page for page in comparisons if page.is_file()),
    )


def _experiment(folder: Path) -> Experiment:
    if (folder / COMPARISON).is_file():
        return Experiment(folder, (), (), ())
    files = sorted(file for file in folder.iterdir() if file.suffix in KINDS and file.is_file())
    by_kind = {kind: [file for file in files if file.suffix == kind] for kind in KINDS}
    texts = sorted(by_kind[".md"], key=lambda file: file.name != "README.md")
    return Experiment(folder, texts, [(file, _table(file)) for file in by_kind[".csv"]], by_kind[".png"])


def _table(file: Path) -> pd.DataFrame:
    """The cells as they are written; an empty table if the file is none."""
    try:
        return pd.read_csv(file, dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError):
        return pd.DataFrame()
