"""Which of several quantized networks a run keeps as its best: by validation and size, never by the test split."""

from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def choose(rows: Sequence[Row], reference: Mapping[str, float], max_loss: float) -> tuple[str, str]:
    """(name of the method, why): the smallest compressed file that loses at most `max_loss`, else the most accurate.

    `rows`: {name, gzip_bytes, valid_accuracy or valid_rmse}; `reference`: the same measure of the network as it came.
    Of equals the more accurate, then the first.
    """
    if len(rows) == 1:
        return str(rows[0]["name"]), "the only method"
    losses = {str(row["name"]): loss(row, reference) for row in rows}
    close = [row for row in rows if losses[str(row["name"])] <= max_loss]
    if not close:
        name = min(losses, key=lambda name: losses[name])
        return name, f"all lose more than {max_loss:g}, this the least"
    chosen = min(close, key=lambda row: (row["gzip_bytes"], losses[str(row["name"])]))
    return str(chosen["name"]), f"the smallest file that loses at most {max_loss:g} on validation"


def loss(row: Row, reference: Mapping[str, float]) -> float:
    """By how much the validation measure is worse than the reference's: accuracy as a fraction, RMSE relatively."""
    if "valid_accuracy" in reference:
        return float(reference["valid_accuracy"]) - float(row["valid_accuracy"])
    return float(row["valid_rmse"]) / max(float(reference["valid_rmse"]), 1e-12) - 1.0
