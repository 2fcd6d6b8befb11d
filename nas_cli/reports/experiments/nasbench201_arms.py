"""The runs of the comparison of strategies on NAS-Bench-201, read from their journals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_cli.errors import RunError
from nas_cli.runs.folder import JOURNAL
from nas_cli.runs.journal import read_journal

ARMS: Mapping[str, str] = {
    "random": "random search",
    "regularized_evolution": "regularized evolution, population 10, sample 3",
    "reinforce": "REINFORCE, factorised controller",
    "tpe": "Bayesian, TPE",
    "gaussian_process": "Bayesian, Gaussian process",
    "local_search": "local search",
    "grid": "grid",
    "nsga2": "NSGA-II, accuracy and FLOPs",
    "random_timed": "random search, equal time",
    "hyperband": "Hyperband, 12 and 200 epochs",
    "bohb": "BOHB (TPE in Hyperband), 12 and 200 epochs",
}
"""Arm → what it is, in the order of the tables."""

FEW: Mapping[str, int] = {"gaussian_process": 20}
"""Arms with fewer seeds, because their strategy takes seconds for a run."""

TIMED = ("random_timed", "hyperband", "bohb")
"""Arms that end by simulated time and not by the number of trials."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Search:
    """A complete run: `valid`, `budgets`, `seconds` (simulated) and `flops` of its trials in order, NaN for a failed
    one; `test` is the accuracy of the chosen cell, a share in [0, 1]; `strategy_seconds` the wall time of the run.
    """

    seed: int
    valid: Floats
    budgets: Floats
    seconds: Floats
    flops: Floats
    test: float
    wall_seconds: float

    def best_so_far(self) -> Floats:
        """The highest validation accuracy after each trial."""
        return np.fmax.accumulate(self.valid)


def find_runs(root: Path) -> dict[str, list[Search]]:
    """The complete runs by arm, in the order of `ARMS`, whose journals are <arm>/<seed>/journal.jsonl under `root`.

    Raises:
        RunError: if there is none, or a journal is damaged.
    """
    found: dict[str, list[Search]] = {}
    for arm in ARMS:
        folders = sorted((path for path in (root / arm).glob("*") if path.name.isdigit()), key=lambda p: int(p.name))
        searches = [search for folder in folders if (search := _read(folder)) is not None]
        if searches:
            found[arm] = searches
    if not found:
        raise RunError(f"no complete runs in {root}: run the experiment first.")
    return found


def _read(folder: Path) -> Search | None:
    file = folder / JOURNAL
    events = read_journal(file) if file.exists() else []
    tests = [event for event in events if event["event"] == "test"]
    ends = [event for event in events if event["event"] == "end"]
    if not tests or not ends:
        return None
    trials = sorted((event for event in events if event["event"] == "trial"), key=lambda event: int(event["id"]))
    return Search(
        seed=int(folder.name),
        valid=_column(trials, "metrics", "valid_accuracy"),
        budgets=_column(trials, "metrics", "epochs"),
        seconds=_column(trials, "metrics", "simulated_seconds"),
        flops=_column(trials, "cost", "flops"),
        test=float(tests[-1]["metrics"]["test_accuracy"]),
        wall_seconds=float(ends[-1]["wall_seconds"]),
    )


def _column(trials: Sequence[Mapping[str, Any]], block: str, key: str) -> Floats:
    values = (trial[block].get(key) for trial in trials)
    return np.array([np.nan if value is None else float(value) for value in values])
