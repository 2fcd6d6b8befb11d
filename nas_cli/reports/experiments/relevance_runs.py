"""The runs of the experiment on the relevance of parameters: what is read from each journal."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from nas_cli.errors import ConfigError, RunError
from nas_cli.reports.blocks import layers_of
from nas_cli.reports.experiments.arms import Arm, find_arms, minutes, total
from nas_cli.reports.history import History
from nas_cli.reports.measure import finite
from nas_cli.reports.outcome import test_value
from nas_cli.reports.source import Source
from nas_cli.reports.structure import Structure
from nas_cli.spaces.architecture import Architecture, from_json

HANDMADE = "handmade"
PLAIN = ("first", "second", "dirichlet", "gumbel_softmax", "random")
"""Arms without ARD; each has a twin with it, whose name ends in `ARD`."""
ARD = "_ard"

ARMS: Mapping[str, str] = {
    "first": "plain DARTS, first order",
    "second": "plain DARTS, second order",
    "dirichlet": "Dirichlet prior on the structure",
    "gumbel_softmax": "Gumbel-Softmax relaxation and prior",
    "random": "random graphs, the best of a few by validation",
    "first_ard": "plain DARTS, first order, with ARD",
    "second_ard": "plain DARTS, second order, with ARD",
    "dirichlet_ard": "Dirichlet prior, with ARD",
    "gumbel_softmax_ard": "Gumbel-Softmax, with ARD",
    "random_ard": "random graphs, with ARD",
    HANDMADE: "a graph chosen by hand",
}
DATASETS: Mapping[str, str] = {"boston": "Boston housing", "mnist": "MNIST", "cifar10": "CIFAR-10"}

NOISE = "noise.json"
"""In a run's folder: scores of its network on the validation split with noisy inputs, made by the script."""

KERNELS = ("dense", "conv2d", "depthwise_conv2d")


def find_runs(root: Path) -> list[Arm]:
    """The arms in the order of the data sets and of `ARMS`, with their complete runs.

    Raises:
        RunError: if there is no complete run, or a file is damaged.
    """
    arms = find_arms(root, usable=lambda source: source.best_valid is not None)
    return sorted((arm for arm in arms if arm.name in ARMS), key=_order)


def _order(arm: Arm) -> tuple[int, int]:
    known = list(DATASETS)
    return known.index(arm.dataset) if arm.dataset in known else len(known), list(ARMS).index(arm.name)


def run_table(arms: Sequence[Arm]) -> pd.DataFrame:
    """A row per run: its scores, the size of its network, the time it took, and its score with noisy inputs.

    valid, test: of the chosen network, in percent, or RMSE in the data's unit. nonzero: weights of kernels and biases
    that are not zero. design_seconds: what came before the chosen network's own training.
    """
    rows = []
    for arm in arms:
        for number, source in zip(arm.numbers, arm.repeats, strict=True):
            rows.append({"dataset": arm.dataset, "arm": arm.name, "number": number, **_row(source)})
    return pd.DataFrame(rows)


def _row(source: Source) -> dict[str, Any]:
    measure = source.history.measure
    valid, test = source.best_valid, test_value(source.history)
    weights, nonzero = weight_counts(source)
    return {
        "measure": measure.name,
        "valid": None if valid is None else valid * measure.scale,
        "test": None if test is None else test * measure.scale,
        "params": source.params,
        "flops": source.flops,
        "weights": weights,
        "nonzero": nonzero,
        "design_seconds": design_seconds(source.history),
        "seconds": 60 * minutes(source),
        **noise_columns(source, measure.name, measure.scale),
    }


def weight_counts(source: Source) -> tuple[float | None, float | None]:
    """Weights of kernels and biases before ARD removed any, and those that are not zero in the chosen network."""
    best = source.history.best
    found = (best.event.get("extra") or {}).get("relevance") if best is not None else None
    if found:
        return finite(found.get("weights")), finite(found.get("nonzero"))
    network = source.architecture or _given_network(source)
    if network is None:
        return None, None
    count = sum(layer.params for layer in layers_of(network) if network.nodes[layer.position].op in KERNELS)
    return float(count), float(count)


def _given_network(source: Source) -> Architecture | None:
    """The network of a training that was given as an architecture's file, which its journal does not repeat."""
    file = Path(str((source.config.get("model") or {}).get("name") or ""))
    try:
        return from_json(json.loads(file.read_text(encoding="utf-8"))) if file.suffix == ".json" else None
    except (OSError, ValueError, ConfigError):
        return None


def design_seconds(history: History) -> float:
    """Seconds of a run's search: of the supernets, or else of the trials that were not chosen."""
    run, best = Structure(history), history.best
    if run.searches:
        return sum(search.seconds for search in run.searches)
    return total((trial for trial in history.trials if trial is not best), "train_seconds")


def noise_columns(source: Source, measure: str, scale: float) -> dict[str, float]:
    """'noise_0.3': how much worse the score is with noise of 0.3 deviations on the inputs, in points or RMSE.

    Empty before it was measured.

    Raises:
        RunError: if the file is damaged.
    """
    file = source.path / NOISE
    if not file.exists():
        return {}
    try:
        rows = {float(row["deviation"]): float(row[measure]) for row in json.loads(file.read_text(encoding="utf-8"))}
        clean = rows[0.0]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"cannot read {file}: delete it, and run the experiment again to measure it anew.") from error
    sign = -1.0 if measure == "accuracy" else 1.0
    return {f"noise_{level:g}": sign * (value - clean) * scale for level, value in rows.items() if level}
