"""`made.csv` beside the tables of an experiment: what its runs took, how large they were, and on what they ran."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from nas_cli.errors import RunError
from nas_cli.reports.experiments.arms import minutes, sessions
from nas_cli.reports.source import Source
from nas_cli.runs.environment import environment

MADE = "made.csv"
COLUMNS = ("part", "runs", "sessions", "minutes", "images", "epochs", "cpu", "cores", "memory_gb", "commit")
"""A row per part. `minutes`: wall time of all runs, added up. `images`, `epochs`: of training, '2500–5000' where runs
differ."""

Made = Mapping[str, Any]


def of_runs(part: str, sources: Sequence[Source]) -> Made:
    """The row of a part whose runs have journals."""
    training = [source.config.get("training") or {} for source in sources]
    return {
        "part": part,
        "runs": len(sources),
        "sessions": sum(sessions(source.history) for source in sources),
        "minutes": round(sum(map(minutes, sources)), 2),
        "images": _range(source.history.dataset.get("train") for source in sources),
        "epochs": _range(one.get("epochs") for one in training),
        **_machine([source.environment for source in sources]),
    }


def in_process(part: str, runs: int, seconds: float, machines: Sequence[Mapping[str, Any]] = ()) -> Made:
    """The row of a part that took so many seconds, in this process where no other machines are given."""
    row = {"part": part, "runs": runs, "sessions": runs, "minutes": round(seconds / 60, 2)}
    return {**row, "images": None, "epochs": None, **_machine(machines or [environment([], [])])}


def merged(out: Path, rows: Iterable[Made]) -> pd.DataFrame:
    """The rows that `out` has, those of the same parts replaced by these.

    Raises:
        RunError: if the file that is there cannot be read.
    """
    new = {str(row["part"]): row for row in rows}
    file = out / MADE
    try:
        known = pd.read_csv(file, dtype=str).to_dict("records") if file.exists() else []
        old = {str(row["part"]): row for row in known}
    except (OSError, ValueError, KeyError) as error:
        raise RunError(f"cannot read {file}: delete it, and run the experiment again.") from error
    return pd.DataFrame(list((old | new).values()), columns=list(COLUMNS))


def _machine(environments: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Processor, cores, memory and commit; several different ones with 'and' between them."""
    gigabytes = [one.get("memory_bytes", 0) / 1e9 for one in environments]
    found = {key: [one.get(key) for one in environments] for key in ("cpu", "cores", "commit")}
    found["commit"] = [_short(str(commit)) if commit else None for commit in found["commit"]]
    found["memory_gb"] = [round(value) if value else None for value in gigabytes]
    return {key: _listed(values) for key, values in found.items()}


def _short(commit: str) -> str:
    """'0a1b2c3d4e', with '+changes' where files differed from it."""
    name, plus, rest = commit.partition("+")
    return name[:10] + plus + rest


def _listed(values: Iterable[Any]) -> str:
    return " and ".join(dict.fromkeys(str(value) for value in values if value is not None))


def _range(values: Iterable[Any]) -> str:
    known = sorted({int(value) for value in values if value is not None})
    return "–".join(map(str, dict.fromkeys(known[:1] + known[-1:])))
