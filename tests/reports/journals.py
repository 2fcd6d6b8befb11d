"""Made-up run folders that look like real ones; the same seed writes the same journal."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.spaces.architecture import Architecture, Node, node

Event = dict[str, Any]

DATASET = {
    "name": "cifar10",
    "input_shape": [32, 32, 3],
    "classes": 10,
    "train": 9000,
    "validation": 1000,
    "test": 10000,
    "provenance": "unverified subset",
    "split_digest": "9f2c41d07b",
}
REASONS = ("diverged: the loss became NaN in epoch 2", "out of memory", "out of time after 60 s")


def architecture(rng: np.random.Generator, stages: int = 3, width: int = 3) -> Architecture:
    """A network of `stages` modules, each with up to `width` parallel branches, merged and pooled."""
    nodes: list[Node] = [node("input", shape=(32, 32, 3))]
    last = 0
    for _ in range(stages):
        ends = [_branch(nodes, last, rng) for _ in range(int(rng.integers(1, width + 1)))]
        if len(ends) > 1 or rng.random() < 0.3:
            ends = list(dict.fromkeys([*ends, last])) if rng.random() < 0.4 and last else ends
            nodes.append(node("merge", tuple(ends), mode=str(rng.choice(["concat", "sum"]))))
        last = len(nodes) - 1
    nodes.append(node("flatten", (last,)))
    nodes.append(node("dense", (len(nodes) - 1,), units=int(rng.integers(32, 257)), activation="relu"))
    nodes.append(node("dense", (len(nodes) - 1,), units=10, activation="linear"))
    return Architecture(tuple(nodes))


def search_events(
    seed: int = 0, trials: int = 24, population: int = 8, failure_rate: float = 0.0, epochs: int = 4, **start: Any
) -> list[Event]:
    """A complete search: start, trials and generations, test, end."""
    rng = np.random.default_rng(seed)
    clock = _clock(1.75e9)
    events = [_start("search", seed, clock, **start)]
    generations = -(-trials // population)
    for generation in range(generations):
        for number in range(generation * population, min(trials, (generation + 1) * population)):
            events.append(trial_event(number, generation, rng, rng.random() < failure_rate, epochs))
            events[-1]["time"] = clock(events[-1]["seconds"])
        events.append(
            {"event": "generation", "time": clock(0.1), "index": generation, "strategy": _species(rng, generation)}
        )
    scored = [event for event in events if event.get("fitness") is not None]
    if scored:
        best = max(scored, key=lambda event: event["fitness"])
        metrics = {"test_accuracy": round(best["fitness"] - 0.011, 4), "test_loss": 0.91}
        events.append({"event": "test", "time": clock(2.0), "trial": best["id"], "metrics": metrics})
    events.append(
        {
            "event": "end",
            "time": clock(0.2),
            "wall_seconds": clock(0) - 1.75e9,
            "outside_fraction": 0.043,
            "peak_memory_bytes": 3_215_130_624,
        }
    )
    return events


def trial_event(number: int, generation: int, rng: np.random.Generator, failed: bool, epochs: int = 4) -> Event:
    """One trial; accuracy rises with the generation, and a little with the network's cost."""
    network = architecture(rng)
    cost = architecture_cost(network)
    event: Event = {
        "event": "trial",
        "id": number,
        "generation": generation,
        "status": "failed" if failed else "ok",
        "reason": str(rng.choice(REASONS)) if failed else None,
        "fitness": None,
        "metrics": {},
        "curve": [],
        "cost": {
            "params": cost.params,
            "macs": cost.macs,
            "flops": cost.flops,
            "activation_bytes": cost.activation_bytes,
        },
        "architecture": network.to_json(),
        "origin": {"strategy": "codeepneat"},
        "seed": int(rng.integers(2**31)),
        "seconds": round(float(rng.uniform(6, 20)), 3),
        "worker": number % 2,
    }
    if not failed:
        final = float(np.clip(0.3 + 0.05 * generation + 0.03 * np.log10(cost.flops) + rng.normal(0, 0.05), 0.1, 0.95))
        event["curve"] = learning_curve(rng, final, epochs)
        event["fitness"] = event["curve"][-1]["valid_accuracy"]
        event["metrics"] = {
            **{
                key: event["curve"][-1][key] for key in ("valid_accuracy", "valid_loss", "train_accuracy", "train_loss")
            },
            "epochs": float(epochs),
            "train_seconds": event["seconds"] * 0.9,
            "evaluation_seconds": 0.6,
            "images_per_second": round(float(rng.uniform(1500, 6000)), 1),
        }
    return event


def learning_curve(rng: np.random.Generator, final: float, epochs: int) -> list[dict[str, float]]:
    """Accuracy that approaches `final`, and losses to match."""
    rows = []
    for epoch in range(1, epochs + 1):
        valid = final * (1 - 0.55 * np.exp(-2.2 * epoch / epochs)) + rng.normal(0, 0.008)
        train = valid + 0.04 * epoch / epochs
        rows.append(
            {
                "epoch": epoch,
                "train_loss": round(2.4 * (1 - train), 4),
                "train_accuracy": round(float(train), 4),
                "valid_loss": round(2.5 * (1 - valid), 4),
                "valid_accuracy": round(float(valid), 4),
                "seconds": 3.1,
            }
        )
    return rows


def training_events(seed: int = 0, epochs: int = 30) -> list[Event]:
    """A complete single training: start, epochs, test, end."""
    rng = np.random.default_rng(seed)
    clock = _clock(1.75e9)
    events = [_start("train", seed, clock, architecture=architecture(rng).to_json())]
    for row in learning_curve(rng, 0.81, epochs):
        events.append({"event": "epoch", "time": clock(3.1), **row, "images_per_second": 4120.0})
    events.append({"event": "test", "time": clock(1), "metrics": {"test_accuracy": 0.7713, "test_loss": 0.7}})
    events[-1]["valid"] = {"valid_accuracy": 0.7824, "valid_loss": 0.68}
    events.append({"event": "end", "time": clock(0), "wall_seconds": 98.1, "peak_memory_bytes": 1_500_000_000})
    return events


def interrupted(events: list[Event]) -> list[Event]:
    """The first half of a run, stopped by the user."""
    half = events[: len(events) // 2]
    return [
        *half,
        {"event": "stop", "time": half[-1]["time"] + 1, "status": "interrupted", "reason": "interrupted by the user"},
    ]


def write_run(folder: Path, events: list[Event], strategy: str = "codeepneat", argv: tuple[str, ...] = ()) -> Path:
    """A run folder with these events."""
    folder.mkdir(parents=True, exist_ok=True)
    command = events[0]["command"] if events else "search"
    config: dict[str, Any] = {
        "command": command,
        "seed": 0,
        "strategy": {"name": strategy, "population": 8},
        "resources": {"workers": 2},
        "dataset": {"name": "cifar10"},
        "training": {"epochs": 4, "batch_size": 64, "precision": "float32"},
    }
    if command == "train":
        del config["strategy"]
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    words = argv or ("nas", command, "--dataset", "cifar10", "dataset.train_size=10000", "strategy.population=8")
    environment = {
        "python": "3.11.9",
        "platform": "Linux-6.1-x86_64",
        "cpu": "Example CPU @ 2.0 GHz",
        "cores": 2,
        "memory_bytes": 25_000_000_000,
        "commit": "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",
        "packages": {"tensorflow": "2.18.1", "keras": "3.15.1", "numpy": "2.0.2", "horovod": None},
        "argv": list(words),
        "overrides": [word for word in words if "=" in word],
    }
    (folder / "environment.json").write_text(json.dumps(environment))
    (folder / "journal.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    return folder


def _start(command: str, seed: int, clock: Callable[[float], float], **more: Any) -> Event:
    dataset = {**DATASET, **more.pop("dataset", {})}
    return {
        "event": "start",
        "time": clock(0),
        "version": 1,
        "command": command,
        "seed": seed,
        "config_digest": "5ac1",
        "dataset": dataset,
        **more,
    }


def _clock(start: float) -> Callable[[float], float]:
    now = [start]

    def tick(seconds: float) -> float:
        now[0] += seconds
        return now[0]

    return tick


def _species(rng: np.random.Generator, generation: int) -> Mapping[str, Any]:
    def sizes(total: int, species: int) -> dict[str, int]:
        names = [str(generation // 3 + i) for i in range(species)]
        counts = rng.multinomial(total - species, np.full(species, 1 / species)) + 1
        return {name: int(size) for name, size in zip(names, counts, strict=True)}

    return {"species": {"module": sizes(24, 4), "blueprint": sizes(12, 3)}, "best": 0.5}


def _branch(nodes: list[Node], source: int, rng: np.random.Generator) -> int:
    """The last position of a short chain of layers appended to `nodes`."""
    for _ in range(int(rng.integers(1, 3))):
        filters, kernel = int(rng.integers(16, 69)), int(rng.choice([1, 3, 5]))
        nodes.append(
            node("conv2d", (source,), filters=filters, kernel=kernel, stride=1, activation="relu", use_bias=True)
        )
        source = len(nodes) - 1
        follower = rng.random()
        if follower < 0.4:
            nodes.append(node("max_pool", (source,), size=2))
        elif follower < 0.7:
            nodes.append(node("dropout", (source,), rate=round(float(rng.uniform(0, 0.5)), 2)))
        source = len(nodes) - 1
    return source


CHOICES = {"operation": ("conv", "pool", "skip"), "width": (16, 32, 64), "residual": (True, False)}


def point_events(seed: int = 0, trials: int = 30, budgets: tuple[int, ...] = (), **metrics: float) -> list[Event]:
    """A search of a table: points whose score depends on their operation, and a little on their width."""
    rng = np.random.default_rng(seed)
    events: list[Event] = [{"event": "start", "time": 0.0, "command": "search", "seed": seed, "dataset": None}]
    for number in range(trials):
        budget = {"budget": budgets[number % len(budgets)]} if budgets else {}
        if number % max(1, len(budgets)) == 0:
            point = {name: choices[int(rng.integers(len(choices)))] for name, choices in CHOICES.items()}
        events.append(point_trial(number, point, float(rng.normal(0, 0.002)), metrics) | budget)
    best = max(events[1:], key=lambda event: (event.get("budget", 0), event["fitness"]), default={"id": 0})
    events.append({"event": "test", "time": 2.0 * trials, "trial": best["id"], "metrics": {"test_accuracy": 0.9}})
    return [*events, {"event": "end", "time": 2.0 * trials, "wall_seconds": 2.0 * trials}]


def point_trial(number: int, point: Event, noise: float = 0.0, metrics: Mapping[str, float] | None = None) -> Event:
    """The trial of a point: 0.9, 0.7 or 0.5 by its operation, and up to 0.02 for its width."""
    score = {"conv": 0.9, "pool": 0.7, "skip": 0.5}[point["operation"]] + point["width"] / 3200 + noise
    return {
        "event": "trial",
        "id": number,
        "generation": number // 10,
        "status": "ok",
        "reason": None,
        "fitness": score,
        "metrics": {"valid_accuracy": score, "simulated_seconds": 60.0, **(metrics or {})},
        "curve": [],
        "cost": {},
        "architecture": {"point": dict(point)},
        "origin": {"genotype": dict(point)},
        "seed": number,
        "seconds": 0.0,
        "time": 2.0 * number + 1.0,
    }


def neural_events() -> list[Event]:
    """A NEAT search of two trials, the second one better, with two species."""
    neurons = [
        {"bias": 0.5, "activation": "sigmoid", "reads": [[0, 1.5], [1, -2.0]]},
        {"bias": 0.0, "activation": "tanh", "reads": [[0, 0.25], [2, 3.0]]},
    ]
    network = {"inputs": 2, "neurons": neurons, "outputs": 1}
    trials = [
        {
            "event": "trial",
            "id": number,
            "generation": 0,
            "status": "ok",
            "fitness": 0.5 + number / 4,
            "metrics": {"valid_accuracy": 0.5 + number / 4},
            "cost": {"macs": 4, "flops": 8, "params": 6},
            "architecture": network,
            "origin": {"genotype": {"nodes": [], "connections": []}},
        }
        for number in range(2)
    ]
    generation = {"event": "generation", "index": 0, "strategy": {"species": {"network": {"1": 1, "2": 1}}}}
    return [{"event": "start", "command": "search", "seed": 0}, *trials, generation, {"event": "end"}]
