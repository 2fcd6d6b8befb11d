"""trials.csv: one row per trial."""

from collections.abc import Mapping
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

    Numbers are written with the fewest digits that read back to the same float, so equal runs give equal bytes.
    """
    rows = [_row(trial) for trial in history.trials]
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype=str)


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


def _row(trial: Trial) -> list[str]:
    own = {"reason": trial.reason, "fitness": trial.fitness, "full_flops": trial.full_flops}
    # Of a value that several places have the first counts.
    found: Mapping[str, Any] = {**trial.cost, **trial.metrics, **trial.event, **own}
    return [cell_text(found.get(column), column in WHOLE) for column in COLUMNS]
