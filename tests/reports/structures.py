"""Made-up journals of searches in a supernet; the same arguments give the same events."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tests.reports.journals import DATASET, Event, architecture

CELL_OPERATIONS = ("none", "max_pool_3x3", "avg_pool_3x3", "skip_connect", "sep_conv_3x3", "sep_conv_5x5")
CELL_EDGES = [[i, j] for j in range(2, 6) for i in range(j)]
BENCH_OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
BENCH_EDGES = [[0, 1], [0, 2], [1, 2], [0, 3], [1, 3], [2, 3]]
SPACES: Mapping[str, tuple[Sequence[str], list[list[int]], Sequence[str]]] = {
    "cell": (("normal", "reduction"), CELL_EDGES, CELL_OPERATIONS),
    "nasbench201": (("cell",), BENCH_EDGES, BENCH_OPERATIONS),
}


def structure_events(
    space: str = "cell",
    searches: int = 2,
    epochs: int = 4,
    derived: Sequence[float] = (0.70, 0.72),
    random: Sequence[float] = (0.66, 0.68, 0.67),
    seed: int = 0,
    measure: str = "accuracy",
    ended: bool = True,
) -> list[Event]:
    """A whole run of strategy darts: searches with genotypes of skips and convolutions, then trials."""
    rng = np.random.default_rng(seed)
    kinds, edges, operations = SPACES[space]
    net = {"kinds": list(kinds), "edges": edges, "operations": list(operations), "params": 123456, "step_bytes": 2**28,
           "flops": 5.0e8}  # fmt: skip
    events: list[Event] = [
        {"event": "start", "time": 0.0, "command": "search", "seed": seed, "dataset": DATASET, "supernet": net}
    ]
    for number in range(searches):
        for epoch in range(1, epochs + 1):
            events.append(structure_epoch(rng, space, number, epoch, epochs, measure))
        found = events[-1]["genotype"]
        events.append({"event": "derived", "time": 1.0, "search": number, "genotype": found, "stopped": None,
                       "epochs": epochs, "seconds": 10.5 * epochs})  # fmt: skip
        if number == 0:
            events.append(
                {"event": "supernet_cost", "epoch_seconds": 10.0, "ordinary_epoch_seconds": 4.0, "ratio": 2.5}
            )
    for at, score in enumerate(derived):
        own = {"kind": "derived", "search": at, "genotype": genotype(space, at + 1)}
        events.append(structure_trial(len(trials(events)), score, own, measure))
    for at, score in enumerate(random):
        own = {"kind": "random", "genotype": genotype(space, at + 2)}
        events.append(structure_trial(len(trials(events)), score, own, measure))
    if ended:
        events.append({"event": "end", "time": 200.0, "wall_seconds": 200.0})
    return events


def structure_epoch(
    rng: np.random.Generator, space: str, search: int, epoch: int, epochs: int, measure: str = "accuracy"
) -> Event:
    """One epoch: the structure hardens, skip connections grow by one with each epoch."""
    kinds, edges, operations = SPACES[space]
    logits = rng.normal(0, 1.0, (len(kinds), len(edges), len(operations))) * epoch
    gamma = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    value = 0.3 + 0.1 * epoch + 0.02 * search
    return {
        "event": "structure",
        "time": float(epoch),
        "search": search,
        "epoch": epoch,
        "epochs": epochs,
        "seconds": 10.0,
        "train_loss": 2.0 - value,
        f"train_{measure}": value + 0.05,
        "valid_loss": 2.2 - value,
        f"valid_{measure}": value,
        "temperature": 1.0,
        "gamma": {kind: gamma[at].round(6).tolist() for at, kind in enumerate(kinds)},
        "signs": {
            "skips": dict.fromkeys(kinds, epoch),
            "entropy": {kind: [round(1.0 / epoch, 6)] * len(edges) for kind in kinds},
            "dominant": {kind: [operations[-1]] * len(edges) for kind in kinds},
        },
        "genotype": genotype(space, epoch),
        "flops": 1.0e6 * epoch,
        "params": 1000 * epoch,
        "expected_flops": 2.5e6,
    }


def genotype(space: str, skips: int) -> dict[str, Any]:
    """One whose first `skips` operations are skip connections, the others convolutions; two kinds have as many."""
    if space == "nasbench201":
        return {
            f"edge_{i}_{j}": "skip_connect" if at < skips else "nor_conv_3x3" for at, (i, j) in enumerate(BENCH_EDGES)
        }
    made: dict[str, Any] = {}
    for kind in ("normal", "reduction"):
        left = skips
        for node in range(2, 6):
            if node > 2:
                made[f"{kind}_{node}_sources"] = f"0+{node - 1}"
            for edge in ("first", "second"):
                made[f"{kind}_{node}_{edge}"] = "skip_connect" if left > 0 else "sep_conv_3x3"
                left -= 1
    return made


def structure_trial(number: int, score: float | None, origin: Mapping[str, Any], measure: str = "accuracy") -> Event:
    """A trial with this validation value; None is a failed one."""
    fitness = None if score is None else score if measure == "accuracy" else -score
    metrics = {} if score is None else {f"valid_{measure}": score, "train_seconds": 20.0}
    return {
        "event": "trial",
        "id": number,
        "generation": 0,
        "status": "failed" if score is None else "ok",
        "reason": "out of memory" if score is None else None,
        "fitness": fitness,
        "metrics": metrics,
        "curve": [],
        "cost": {"params": 1000 * (number + 1), "macs": 500000, "flops": 1000000 * (number + 1)},
        "architecture": architecture(np.random.default_rng(number)).to_json(),
        "origin": dict(origin),
        "seed": number,
        "seconds": 21.0,
        "time": 100.0 + number,
    }


def one_shot_events(pairs: Sequence[tuple[float, float]]) -> list[Event]:
    """A run of strategy one_shot: (score in the supernet, score alone) of the networks that were trained alone."""
    epochs = [
        {"event": "structure", "search": 0, "epoch": epoch, "epochs": 3, "seconds": 5.0, "train_loss": 2.0 / epoch,
         "train_accuracy": 0.2 * epoch, "valid_loss": 2.1 / epoch, "valid_accuracy": 0.19 * epoch, "temperature": 1.0}
        for epoch in (1, 2, 3)
    ]  # fmt: skip
    scores = [[genotype("nasbench201", at % 6), inherited] for at, (inherited, _) in enumerate(pairs)]
    made = [
        structure_trial(number, alone, {"kind": "top", "search": 0, "genotype": {}, "one_shot_score": inherited})
        for number, (inherited, alone) in enumerate(pairs)
    ]
    start = structure_events("nasbench201", searches=0)[0]
    return [start, *epochs, {"event": "inherited", "search": 0, "scores": scores}, *made, {"event": "end", "time": 9.0}]


def trials(events: Sequence[Event]) -> list[Event]:
    """The trial events."""
    return [event for event in events if event["event"] == "trial"]
