"""The figures of a quantize run that stand beside each other: how files store weights, times, and the steps before."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_cli.costs.latency import interleaved
from nas_cli.models.load import load_model
from nas_cli.models.nonzero import stored_numbers
from nas_cli.quantize.predictors import Predictor, file_predictor
from nas_cli.quantize.tflite_file import stored_weights

GIVEN = "given"
"""The network as it came, in its file and among the times."""


def stored(file: Path) -> dict[str, Any]:
    """{weights: {type: how many numbers the file stores so}, nonzero} of a .tflite or .keras file."""
    if file.suffix == ".tflite":
        weights, nonzero = stored_weights(file)
        return {"weights": weights, "nonzero": nonzero}
    counts: Counter[str] = Counter()
    nonzero = 0
    for kind, numbers in stored_numbers(load_model(file)):
        counts[kind] += numbers.size
        nonzero += int(np.count_nonzero(numbers))
    return {"weights": dict(counts), "nonzero": nonzero}


def measured_times(
    given: Predictor, files: Mapping[str, Path], one: NDArray[Any], threads: int, repeats: int
) -> dict[str, dict[str, float]]:
    """Milliseconds of one example (1, …), {median, lower, upper} (quartiles), of GIVEN and each file by name.

    They take turns. Files that are gone, or take other inputs, are left out. `threads`: of TFLite's interpreter.
    """
    calls = {GIVEN: given.timed(one)}
    for name, file in files.items():
        if file.is_file() and _takes(file, one):
            calls[name] = file_predictor(file, threads).timed(one)
    found = interleaved(list(calls.values()), repeats)
    return {
        name: {"median": middle, "lower": low, "upper": high}
        for name, (middle, low, high) in zip(calls, found, strict=True)
    }


def _takes(file: Path, one: NDArray[Any]) -> bool:
    """True if the network in a .keras file takes such an example; ours in TFLite all do."""
    return file.suffix != ".keras" or tuple(load_model(file).inputs[0].shape[1:]) == one.shape[1:]


def whole_chain(
    chain: list[dict[str, Any]], before: Mapping[str, Any], chosen: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The steps with this run's: its own figures of the network as it came, and the quantized one; [] without steps."""
    if not chain:
        return []
    wanted = ("nonzero", "file_bytes", "gzip_bytes", "ms")
    figures = {key: value for key, value in chosen.items() if key in wanted or key.startswith(("valid_", "test_"))}
    same = {key: before[key] for key in ("flops", "params")}
    step = {"step": f"nas quantize: {chosen['name']}", "run": None, "file": chosen["file"], **same, **figures}
    return [*chain[:-1], {**chain[-1], **before}, step]


def named(split: str, values: Mapping[str, float]) -> dict[str, float]:
    """The values under names such as 'valid_accuracy'."""
    return {f"{split}_{name}": value for name, value in values.items()}
