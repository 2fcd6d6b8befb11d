"""trials.csv: one row per trial."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from nas_cli.reports.history import History
from nas_cli.reports.measure import finite
from nas_cli.reports.trial import Trial

COLUMNS = (
    "id",
    "generation",
    "status",
    "reason",
    "fitness",
    "valid_accuracy",
    "valid_loss",
    "train_accuracy",
    "train_loss",
    "epochs",
    "budget",
    "flops",
    "macs",
    "params",
    "activation_bytes",
    "seed",
    "full_flops",
    "cached_from",
    "simulated_seconds",
    "train_seconds",
    "evaluation_seconds",
    "compress_seconds",
    "cpu_seconds",
    "seconds",
)
"""Costs are those of the network that was trained; full_flops those of the one proposed, before its compression."""
TIMES = ("train_seconds", "evaluation_seconds", "compress_seconds", "cpu_seconds", "seconds")
WHOLE = ("id", "generation", "epochs", "budget", "flops", "macs", "params", "activation_bytes", "seed", "full_flops",
         "cached_from")  # fmt: skip


def trials_frame(history: History) -> pd.DataFrame:
    """The trials by number, one text per cell; an empty cell where the journal has no value.

    Behind `COLUMNS` come the other costs and validation values of the journal by name: `nonzero`, `valid_rmse`, what a
    table calls its costs and its measure. Numbers are written with the fewest digits that read back to the same float,
    so equal runs give equal bytes.
    """
    columns = [*COLUMNS, *_others(history)]
    rows = [_row(trial, columns) for trial in history.trials]
    return pd.DataFrame(rows, columns=columns, dtype=str)


def trials_csv(history: History) -> bytes:
    """The content of trials.csv: UTF-8, one line per trial, a comma between cells."""
    return trials_frame(history).to_csv(index=False, lineterminator="\n").encode("utf-8")


def cell_text(value: Any, whole: bool) -> str:
    """A value as a CSV cell: text as it is, a whole number without a point, a float that reads back equal."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if whole else repr(float(value))
    number = finite(value)
    if number is None:
        return ""
    return str(int(number)) if whole and number.is_integer() else repr(number)


def _others(history: History) -> list[str]:
    found = {key for trial in history.trials for key in (*trial.cost, *(k for k in trial.metrics if k[:6] == "valid_"))}
    return sorted(found.difference(COLUMNS))


def _row(trial: Trial, columns: Sequence[str]) -> list[str]:
    own = {"reason": trial.reason, "fitness": trial.fitness, "full_flops": trial.full_flops}
    # Of a value that several places have the first counts.
    found: Mapping[str, Any] = {**trial.cost, **trial.metrics, **trial.event, **own}
    return [cell_text(found.get(column), column in WHOLE or column not in COLUMNS) for column in columns]
