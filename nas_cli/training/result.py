"""What a training reports, and what its learning curve says."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Epoch = Mapping[str, float]
Progress = Callable[[Mapping[str, float]], None]
"""Called after every epoch with {"epoch": 1, "epochs": 8, "valid_accuracy": …}."""


@dataclass(frozen=True)
class FitResult:
    """The outcome of a training.

    `curve`: one mapping per epoch with epoch (from 1), train_loss, valid_loss, train_accuracy and valid_accuracy (or
    train_rmse and valid_rmse), learning_rate, seconds, images_per_second (training only); an epoch cut short by time
    has `share`, the part of it done.
    `stopped`: completed, early_stopping, diverged, out_of_time, or the reason of `fit`'s `stop`.
    `train_seconds` and `evaluation_seconds` contain `compile_seconds`, the calls that compile.
    `images_per_second`: training examples per second after that step; 0 if there was no other.
    `best_epoch`: epoch with the best validation metric, 0 if no epoch ended.
    """

    curve: tuple[Epoch, ...]
    stopped: str
    train_seconds: float
    evaluation_seconds: float
    compile_seconds: float
    images_per_second: float
    best_epoch: int


def ended(result: FitResult, restore_best: bool) -> dict[str, Any]:
    """What a journal says of a finished training; `valid` holds the values of the weights that it ended with."""
    position = result.best_epoch - 1 if restore_best else -1
    values = result.curve[position] if result.curve else {}
    return {
        "valid": {key: value for key, value in values.items() if key.startswith("valid_")},
        "epochs": len(result.curve),
        "best_epoch": result.best_epoch,
        "stopped": result.stopped,
        "train_seconds": result.train_seconds,
        "evaluation_seconds": result.evaluation_seconds,
        "compile_seconds": result.compile_seconds,
        "images_per_second": result.images_per_second,
    }


def best_epoch(curve: Sequence[Epoch], metric: str, higher_is_better: bool) -> int:
    """The first epoch with the best 'valid_' metric, counted from 1: the last one where there is no such metric."""
    if not curve or f"valid_{metric}" not in curve[-1]:
        return len(curve)
    values = [epoch[f"valid_{metric}"] for epoch in curve]
    return 1 + values.index(max(values) if higher_is_better else min(values))


def stale_epochs(curve: Sequence[Epoch]) -> int:
    """Epochs since the lowest validation loss."""
    losses = [epoch["valid_loss"] for epoch in curve]
    return len(losses) - 1 - losses.index(min(losses)) if losses else 0
