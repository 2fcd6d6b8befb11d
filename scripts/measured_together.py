"""Milliseconds per image of the networks of several runs, which take turns in one process."""

import json
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nas_cli.costs.latency import interleaved, measure
from nas_cli.models.load import load_model
from nas_cli.reports.experiments.pruning import TOGETHER
from nas_cli.runs.files import write_atomic

REPEATS = {1: 200, 32: 20}
"""Measured predictions, by the size of the batch."""

NETWORK = "best/model.keras"


def measure_together(folder: Path, seed: int, others: Iterable[Path] = ()) -> None:
    """Writes the times of the networks <name>-<seed> of an experiment's folder, and of `others`' runs, there, once.

    In float32, by Keras in batches of 1 and 32 and by TFLite's interpreter one by one, with one thread: processors
    have bfloat16 kernels for some widths only, with others a narrower network may take longer than the whole one.
    Times that different runs have measured are of different hours of the machine, and cannot be compared.
    """
    found = [*folder.glob(f"*-{seed}"), *others]
    networks = {path.name: path / NETWORK for path in sorted(found) if (path / NETWORK).exists()}
    file = folder / TOGETHER.format(seed=seed)
    if not networks or (file.exists() and set(json.loads(file.read_text(encoding="utf-8"))) == set(networks)):
        return
    # Whoever only plans the runs does not wait for TensorFlow.
    from nas_cli.models.float32 import in_float32
    from nas_cli.training.session import configure

    configure(threads=1, deterministic=False)
    models = [in_float32(load_model(path)) for path in networks.values()]
    times: dict[str, dict[str, float]] = {
        name: {"tflite": ms} for name, ms in zip(networks, tflite_ms(models), strict=True)
    }
    for batch, repeats in REPEATS.items():
        for name, one in zip(networks, measure(models, batch, repeats), strict=True):
            times[name] |= {f"batch_{batch}": one.median_ms, "threads": one.threads}
    write_atomic(file, json.dumps(times, indent=2).encode("utf-8"))


def tflite_ms(models: Sequence[Any]) -> list[float]:
    """Median milliseconds per image of each model as a file of TFLite, which folds batch normalisation into the layers
    before it."""
    from nas_cli.quantize.tflite_converter import Form, convert
    from nas_cli.quantize.tflite_file import TFLiteFile

    with tempfile.TemporaryDirectory() as folder:
        calls = []
        for number, model in enumerate(models):
            file = Path(folder) / f"{number}.tflite"
            file.write_bytes(convert(model, Form()))
            one = np.random.default_rng(0).uniform(0, 255, (1, *model.inputs[0].shape[1:])).astype(np.float32)
            calls.append(TFLiteFile(file, threads=1).call(one))
        return [middle for middle, _, _ in interleaved(calls, REPEATS[1])]
