"""Journals of small pruning runs."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

COST = {"flops": 1000, "macs": 500, "params": 600, "activation_bytes": 64}
LAYERS = [{"name": "dense/kernel", "kind": "Dense", "output_shape": [10], "macs": 500, "params": 600, "channels": 10}]


def journal(gain: float = 0.0, reinit: bool = False, random: bool = False, scan: bool = True) -> list[dict[str, Any]]:
    """Two rounds that leave 80 % and 64 % of 500 weights; the second is at 91 % + `gain`, dense at 90."""
    head = {
        "event": "start",
        "version": 1,
        "seed": 0,
        "command": "prune",
        "model": "tiny",
        "cost": COST,
        "nonzero": 600,
    }
    dataset = {"name": "mnist", "task": "classification", "train": 100, "validation": 100, "test": 100, "classes": 10,
               "input_shape": [28, 28, 1]}  # fmt: skip
    events: list[dict[str, Any]] = [{**head, "layers": LAYERS, "dataset": dataset, "granularity": "weight"}]
    events += _trained("train", "train", 0, 0.9)
    if scan:
        points = [[0.0, {"valid_accuracy": 0.9}], [0.5, {"valid_accuracy": 0.7}]]
        events += [{"event": "sensitivity", "layer": "dense/kernel", "points": points}, _named("scanned", "scan")]
    for arm in ("main", "random") if random else ("main",):
        lower, name = (0.05, "random-") if arm == "random" else (0.0, "")
        for number, left in ((1, 400), (2, 320)):
            value = 0.9 + (number - 1) * 0.01 + (0.0 if arm == "random" else gain) - lower
            events.append(_pruned(f"{name}prune-{number}", arm, number, left))
            events += _trained(f"{name}tune-{number}", "tune", number, value, arm)
            if reinit:
                events += _trained(f"reinit-{number}", "reinit", number, 0.85)
    events += _trained("baseline", "baseline", 0, 0.9)
    return [{**event, "time": 100.0 + i} for i, event in enumerate([*events, *_ended(gain, random)])]


def write_run(folder: Path, events: Sequence[dict[str, Any]]) -> Path:
    """A run folder with this journal."""
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text("dataset: {name: mnist}\ntraining: {epochs: 1, batch_size: 10}\n")
    (folder / "journal.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    return folder


def _named(kind: str, name: str) -> dict[str, Any]:
    return {"event": kind, "name": name}


def _trained(name: str, kind: str, number: int, value: float, arm: str = "main") -> list[dict[str, Any]]:
    about = {"phase": kind, "name": name, "arm": arm, "round": number}
    valid = {"valid_loss": 0.3, "valid_accuracy": value}
    return [
        {"event": "epoch", **about, "epoch": 1.0, "epochs": 1, **valid, "seconds": 1.0},
        {"event": "phase", **about, "valid": valid, "epochs": 1, "best_epoch": 1, "stopped": "completed",
         "train_seconds": 1.0},
    ]  # fmt: skip


def _pruned(name: str, arm: str, number: int, left: int) -> dict[str, Any]:
    layers = [{"name": "dense/kernel", "total": 500, "left": left}]
    return {
        "event": "pruned", "phase": "prune", "name": name, "arm": arm, "round": number, "layers": layers, "total": 500,
        "left": left, "sparsity": 1 - left / 500, "cost": COST, "nonzero": left + 100, "share": 1 - left / 500,
        "valid": {"valid_loss": 0.9, "valid_accuracy": 0.6}, "epochs_after": 1, "seconds": 0.1,
    }  # fmt: skip


def _ended(gain: float, random: bool) -> list[dict[str, Any]]:
    def values(value: float) -> dict[str, Any]:
        return {"test_accuracy": value, "valid_accuracy": value}

    files = {"file_bytes": 4000, "ms_per_image": {"batch_1": 0.5, "batch_32": 0.1, "threads": 1}}
    after, before = 0.91 + gain, 0.9
    sides: dict[str, Any] = {
        "before": {**COST, **files, "compressed_bytes": 3000, "nonzero": 600, **values(before), "weights": "baseline"},
        "after": {**COST, **files, "compressed_bytes": 2000, "nonzero": 420, **values(after), "weights": "pruned"},
    }
    if random:
        sides["random"] = {**COST, "nonzero": 420, **values(0.86), "weights": "random"}
    tested = {"event": "test", "metrics": {"test_accuracy": after}, "valid": {"valid_accuracy": after}}
    return [tested, {"event": "end", "stopped": "completed", "prune": sides, "wall_seconds": 60.0}]
