"""Made-up journals of morph runs."""

from typing import Any

from tests.reports.journals import DATASET, Event

WIDTHS = (16, 16, 16, 32, 32, 64, 64)
LEFT = (16, 9, 12, 20, 0, 31, 40)


def _layers(widths: tuple[int, ...]) -> list[Event]:
    """A chain of 3×3 convolutions on 32×32 maps, and a dense layer; those without channels are not there."""
    rows, before = [], 3
    for number, width in enumerate(widths, start=1):
        if width:
            params = 9 * before * width
            shape = [32, 32, width]
            rows.append(
                {"name": f"block_{number}/conv", "kind": "Conv2D", "output_shape": shape, "macs": 1024 * params,
                 "params": params, "channels": width}
            )  # fmt: skip
            before = width
    rows.append(
        {"name": "dense", "kind": "Dense", "output_shape": [10], "macs": 10 * before, "params": 10 * before + 10,
         "channels": 10}
    )  # fmt: skip
    return rows


def cost(layers: list[Event]) -> dict[str, int]:
    """The totals of layers."""
    macs, params = sum(row["macs"] for row in layers), sum(row["params"] for row in layers)
    return {"flops": 2 * macs, "macs": macs, "params": params, "activation_bytes": 4 * 1024 * 64}


BEFORE, AFTER = _layers(WIDTHS), _layers(LEFT)


def _epochs(name: str, number: int, first: float, clock: list[float], **more: Any) -> list[Event]:
    kind, _, iteration = name.partition("-")
    events = []
    for epoch in range(1, number + 1):
        clock[0] += 3
        value = round(first + 0.03 * epoch, 4)
        row = {
            "valid_accuracy": value,
            "valid_loss": 2 - value,
            "train_accuracy": value + 0.02,
            "train_loss": 1.9 - value,
        }
        head = {"event": "epoch", "time": clock[0], "phase": kind, "name": name, "iteration": int(iteration or 0)}
        own = {key: value[epoch - 1] if isinstance(value, list) else value for key, value in more.items()}
        speed = {"seconds": 3.0, "images_per_second": 900.0}
        events.append({**head, "epoch": float(epoch), "epochs": number, **speed, **row, **own})
    return events


def morph_events(baseline: bool = True, warning: str = "") -> list[Event]:
    """A complete run: two epochs first, two of shrinking, six of retraining, and a baseline of ten."""
    clock = [1.75e9]
    whole, flops, left = sum(WIDTHS), cost(BEFORE)["flops"], cost(AFTER)["flops"]
    events: list[Event] = [
        {"event": "start", "time": clock[0], "version": 1, "seed": 0, "command": "morph", "config_digest": "5ac1",
         "dataset": DATASET, "model": "chain", "precision": "float32", "target": "flops", "architecture": None,
         "cost": cost(BEFORE), "layers": BEFORE}
    ]  # fmt: skip
    events += _epochs("train", 2, 0.4, clock, alive=whole, channels=whole, flops=flops)
    valid = {"valid_accuracy": 0.46, "valid_loss": 1.54}
    events.append(
        {"event": "phase", "time": clock[0], "phase": "train", "name": "train", "valid": valid, "train_seconds": 5.5}
    )
    halves = [int(flops * 0.8), left]
    events += _epochs("shrink-1", 2, 0.42, clock, alive=[200, sum(LEFT)], channels=whole, flops=halves, cost=halves)
    groups = [
        {"name": f"block_{i}/conv", "producers": [f"block_{i}/conv"], "before": old, "alive": new, "after": new,
         "keep": "1" * new + "0" * (old - new)}
        for i, (old, new) in enumerate(zip(WIDTHS, LEFT, strict=True), start=1)
    ]  # fmt: skip
    events.append(
        {"event": "shrunk", "time": clock[0], "name": "shrink-1", "iteration": 1, "groups": groups, "valid": valid,
         "cost_before": flops, "cost_after": left, "cost": cost(AFTER), "layers": AFTER, "strength": 1.2e-9,
         "threshold": 0.013, "omega": None, "seconds": 7.0, "compile_seconds": 1.0, "dead": [],
         "warnings": [warning] if warning else [], "architecture": None}
    )  # fmt: skip
    events += _epochs("retrain", 6, 0.5, clock, alive=sum(LEFT), channels=sum(LEFT), flops=left)
    valid = {"valid_accuracy": 0.68, "valid_loss": 1.3}
    events.append(
        {
            "event": "phase",
            "time": clock[0],
            "phase": "retrain",
            "name": "retrain",
            "valid": valid,
            "train_seconds": 17.0,
        }
    )
    test = {"event": "test", "time": clock[0], "metrics": {"test_accuracy": 0.6711, "test_loss": 1.33}, "valid": valid}
    known = {"valid_accuracy": 0.46, "valid_loss": 1.54}
    if baseline:
        events += _epochs("baseline", 10, 0.41, clock, alive=whole, channels=whole, flops=flops)
        ended = {"event": "phase", "time": clock[0], "phase": "baseline", "name": "baseline", "train_seconds": 29.0}
        events.append({**ended, "valid": {"valid_accuracy": 0.71, "valid_loss": 1.2}})
        known = {"test_accuracy": 0.6822, "valid_accuracy": 0.71, "valid_loss": 1.2}
        test["before"] = {"metrics": {"test_accuracy": 0.6822}, "valid": {"valid_accuracy": 0.71, "valid_loss": 1.2}}
    events.append(test)
    sides = [
        {**cost(BEFORE), "file_bytes": 412_000, "ms_per_image": {"batch_1": 4.21, "batch_32": 2.04, "threads": 2},
         **known, "weights": "baseline" if baseline else "train"},
        {**cost(AFTER), "file_bytes": 161_000, "ms_per_image": {"batch_1": 2.11, "batch_32": 0.813, "threads": 2},
         **test["metrics"], **valid, "weights": "retrain"},
    ]  # fmt: skip
    times = {"train_seconds": 60.0, "evaluation_seconds": 2.0, "wall_seconds": 75.5}
    block = {"before": sides[0], "after": sides[1]}
    events.append({"event": "end", "time": clock[0] + 2, "stopped": "completed", **times, "morph": block})
    return events
