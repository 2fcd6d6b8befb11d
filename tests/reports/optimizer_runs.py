"""Journals of comparisons of optimizers, made by hand."""

from collections.abc import Mapping, Sequence
from typing import Any

from nas_cli.reports.optimizer_study import Study

BATCH, GLOROT = 64, "glorot_uniform"
LEVELS = {"adam": 0.82, "nadam": 0.815, "rmsprop": 0.8, "adagrad": 0.42, "momentum": 0.4, "sgd": 0.3, "nesterov": 0.25}
"""What the document says."""


def start(protocol: str = "both") -> dict[str, Any]:
    study = {
        "model": "paper3_cnn", "protocol": protocol, "optimizers": list(LEVELS), "seeds": 3, "epochs": 4,
        "tune_epochs": 2, "shared_rate": 0.001, "grids": {}, "batch_size": BATCH, "initializer": GLOROT, "images": 9000,
    }  # fmt: skip
    data = {"name": "toy", "task": "classification", "train": 8000, "test": 500, "split_digest": "d"}
    head = {"event": "start", "command": "bench", "mode": "optimizers", "seed": 0, "precision": "float32", "time": 1.0}
    return {**head, "dataset": data, "model": "paper3_cnn", "study": study}


def training(
    protocol: str, optimizer: str, seed: int, accuracy: float | None, rate: float = 0.001, **changes: Any
) -> list[dict[str, Any]]:
    """The events of a training that rises to `accuracy` in its last epoch; None: it diverged in its first."""
    key = {"protocol": protocol, "optimizer": optimizer, "rate": rate, "seed": seed, "batch_size": BATCH,
           "initializer": GLOROT, "epochs": 4, **changes}  # fmt: skip
    name = "-".join(map(str, key.values()))
    shares = () if accuracy is None else (0.5, 0.7, 0.9, 1.0)
    epochs: list[dict[str, Any]] = [
        {
            "event": "epoch", "training": name, "epoch": float(i), "epochs": 4, "seconds": 2.0, "time": 2.0,
            "train_accuracy": accuracy * share, "test_accuracy": accuracy * share, "train_loss": 2 - accuracy * share,
            "test_loss": 2 - accuracy * share,
        }
        for i, share in enumerate(shares, start=1)
        if accuracy is not None
    ]  # fmt: skip
    final = {k: v for k, v in epochs[-1].items() if k.endswith(("loss", "accuracy"))} if epochs else {}
    stopped = "completed" if epochs else "diverged"
    ended = {
        "event": "trained",
        "training": name,
        **key,
        "stopped": stopped,
        "final": final,
        "epochs_done": len(epochs),
    }
    return [*epochs, {**ended, "epoch_seconds": 2.0 if epochs else None, "time": 3.0}]


def study(
    shared: Mapping[str, Sequence[float | None]],
    tuned: Mapping[str, tuple[float, Sequence[float | None]]] | None = None,
) -> Study:
    """A study from the accuracies of each seed; of tuned ones also the rate."""
    events = [start()]
    for optimizer, values in shared.items():
        for seed, value in enumerate(values):
            events += training("shared", optimizer, seed, value)
    for optimizer, (rate, values) in (tuned or {}).items():
        chosen = {"event": "chosen", "optimizer": optimizer, "rate": rate, "at_edge": False, "time": 2.0}
        events.append({**chosen, "tried": [[rate, 0.5], [10 * rate, None]]})
        for seed, value in enumerate(values):
            events += training("tuned", optimizer, seed, value, rate)
    return Study([*events, {"event": "end", "time": 9.0}])


def as_in_the_document() -> Study:
    """Three seeds, a point apart, in the document's order."""
    return study({name: [level - 0.001, level, level + 0.001] for name, level in LEVELS.items()})
