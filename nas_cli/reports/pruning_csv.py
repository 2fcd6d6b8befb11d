"""rounds.csv, layers.csv and sensitivity.csv of a pruning run."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from nas_cli.reports.pruning import Pruned

ROUNDS = (
    "arm", "round", "sparsity", "left", "total", "nonzero", "flops", "params", "valid", "valid_after_removal",
    "valid_reinit", "test",
)  # fmt: skip
LAYERS = ("name", "total", "left", "density")
SENSITIVITY = ("layer", "removed", "valid")


def pruning_tables(run: Pruned) -> dict[str, bytes]:
    """File name → content; `valid` and `test` are accuracies as shares, or RMSE. sensitivity.csv only after a scan."""
    made = {"rounds.csv": _csv(ROUNDS, _rounds(run)), "layers.csv": _csv(LAYERS, _layers(run))}
    rows = [[layer, share, value] for layer, points in run.sensitivity.items() for share, value in points]
    return made | ({"sensitivity.csv": _csv(SENSITIVITY, rows)} if rows else {})


def _rounds(run: Pruned) -> list[list[Any]]:
    test = run.history.measure.test
    return [
        [one.arm, one.number, one.sparsity, one.left, one.total, one.nonzero, one.flops, one.params, one.value, one.cut,
         one.reinit, test(one.tested)]
        for one in run.rounds
    ]  # fmt: skip


def _layers(run: Pruned) -> list[list[Any]]:
    return [[row.name, row.total, row.left, row.density] for row in run.layers]


def _csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    texts = [["" if value is None else str(value) for value in row] for row in rows]
    return pd.DataFrame(texts, columns=list(columns), dtype=str).to_csv(index=False, lineterminator="\n").encode()
