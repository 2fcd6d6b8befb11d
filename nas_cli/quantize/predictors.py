"""The outputs of a network, Keras' or TFLite's, and what they are worth on a split."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_cli.data.dataset import Dataset, Split
from nas_cli.models.load import load_model
from nas_cli.quantize.tflite_file import TFLiteFile
from nas_cli.training.losses import plain_objective

BATCH = 256


@dataclass(frozen=True)
class Predictor:
    """A network: `outputs` maps raw examples (n, …) to float32 (n, outputs); `timed` makes of one example (1, …) the
    call whose time is measured."""

    outputs: Callable[[NDArray[Any]], NDArray[np.float32]]
    timed: Callable[[NDArray[Any]], Callable[[], object]]


def keras_predictor(model: Any) -> Predictor:
    """A Keras model, in batches."""

    def outputs(x: NDArray[Any]) -> NDArray[np.float32]:
        parts = [model.predict_on_batch(x[i : i + BATCH].astype(np.float32)) for i in range(0, len(x), BATCH)]
        return np.asarray(np.concatenate(parts), np.float32)

    def timed(x: NDArray[Any]) -> Callable[[], object]:
        one = x.astype(np.float32)
        return lambda: model.predict_on_batch(one)

    return Predictor(outputs, timed)


def file_predictor(file: Path, threads: int | None) -> Predictor:
    """The network in a .tflite or .keras file; `threads` are TFLite's."""
    if file.suffix == ".keras":
        return keras_predictor(load_model(file))
    network = TFLiteFile(file, threads)
    return Predictor(network.outputs, network.call)


def scores(outputs: NDArray[np.float32], split: Split, dataset: Dataset) -> dict[str, float]:
    """'loss' and 'accuracy' or 'rmse' (raw units) of outputs on a whole split."""
    objective = plain_objective(dataset)
    losses = np.asarray(objective.losses(outputs, split.y), np.float64)
    found = np.asarray(objective.scores(outputs, split.y), np.float64)
    return {"loss": float(losses.mean()), objective.metric: objective.summary(float(found.mean()))}


def agreement(outputs: NDArray[np.float32], reference: NDArray[np.float32], dataset: Dataset) -> Mapping[str, float]:
    """How alike two networks predict: 'agreement', the share of examples with the same class, and 'difference'.

    `difference`: root mean square of the outputs' differences (of a regression in raw units, without an agreement).
    """
    scale = dataset.target_std if dataset.task == "regression" else 1.0
    difference = {"difference": scale * float(np.sqrt(np.mean(np.square(outputs - reference, dtype=np.float64))))}
    if dataset.task == "regression":
        return difference
    same = np.argmax(outputs, axis=1) == np.argmax(reference, axis=1)
    return {"agreement": float(np.mean(same)), **difference}
