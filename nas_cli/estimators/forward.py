"""The score of a network whose weights are part of it, by one pass over the data."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from nas_cli.data.dataset import Dataset, Split
from nas_cli.data.prepare import open_prepared
from nas_cli.data.settings import AugmentationSettings
from nas_cli.errors import ConfigError
from nas_cli.estimators.contract import NO_HINTS, Hints, Progress, Score
from nas_cli.estimators.forward_pass import Array, outputs
from nas_cli.estimators.forward_settings import ForwardSettings
from nas_cli.spaces.candidate import Candidate
from nas_cli.spaces.neural_network import NeuralNetwork
from nas_cli.training.settings import TrainingSettings


@dataclass(frozen=True, eq=False)
class _Part:
    """The columns `begin` to `end` of the features: a split's, with its `targets` (outputs, examples) and class numbers
    (None for regression).
    """

    begin: int
    end: int
    targets: Array
    labels: NDArray[np.int64] | None


@dataclass(frozen=True, eq=False)
class _Examples:
    """The `features` (inputs, examples) of several splits side by side, so that one pass is enough for all of them."""

    features: Array
    parts: tuple[_Part, ...]


@final
class ForwardEstimator:
    """Scores a NeuralNetwork on the prepared data set in a folder, in microseconds; the seed changes nothing.

    The fitness of the training split is the metric `train_fitness`, which evolution sees; the score's own fitness, by
    which a run chooses its network, is the same measure on the validation split.
    """

    def __init__(
        self,
        settings: ForwardSettings,
        training: TrainingSettings | None,
        augmentation: AugmentationSettings | None,
        prepared: Path,
    ) -> None:
        self._settings = settings
        self._dataset = open_prepared(prepared)
        self._seen = _examples(self._dataset, (self._dataset.train, self._dataset.validation), settings.standardise)
        if self._dataset.task == "regression" and settings.fitness == "accuracy":
            raise ConfigError(
                f"estimator.fitness=accuracy needs classes, {self._dataset.name} has none: use inverse_mse."
            )

    def estimate(
        self,
        architecture: Candidate,
        seed: int,
        model_file: Path | None,
        progress: Progress,
        hints: Hints = NO_HINTS,
    ) -> Score:
        network = self._checked(architecture)
        train, valid = self._measured(network, self._seen)
        fitness = valid.pop("fitness")
        metrics = {"train_fitness": train.pop("fitness")}
        metrics |= {f"valid_{name}": value for name, value in valid.items()}
        metrics |= {f"train_{name}": value for name, value in train.items()}
        if not all(map(math.isfinite, (fitness, *metrics.values()))):
            return Score(None, failure="diverged", cost=network.cost())
        return Score(fitness, metrics, cost=network.cost())

    def known_test(self, architecture: Candidate) -> Mapping[str, float]:
        """test_accuracy (or test_rmse) and test_loss, the mean squared error."""
        examples = _examples(self._dataset, (self._dataset.test,), self._settings.standardise)
        (measured,) = self._measured(self._checked(architecture), examples)
        return {f"test_{name}": value for name, value in measured.items() if name != "fitness"}

    def test(self, model_file: Path) -> Mapping[str, float]:
        raise ConfigError(f"estimator '{self._settings.name}' leaves no model files, got {model_file}.")

    def _checked(self, architecture: Candidate) -> NeuralNetwork:
        if not isinstance(architecture, NeuralNetwork):
            raise ConfigError(
                f"estimator '{self._settings.name}' scores networks that have their weights: use --space dense, or "
                "--estimator train for this space."
            )
        return architecture

    def _measured(self, network: NeuralNetwork, examples: _Examples) -> list[dict[str, float]]:
        """For each part fitness, loss (mean squared error), and accuracy or rmse, the latter in the targets' unit."""
        with np.errstate(over="ignore", invalid="ignore"):
            given = outputs(network, examples.features)
            return [self._measures(given[:, part.begin : part.end], part) for part in examples.parts]

    def _measures(self, given: Array, part: _Part) -> dict[str, float]:
        errors = given - part.targets
        mse = float(np.vdot(errors, errors)) / errors.size
        measured = {"loss": mse}
        if part.labels is None:
            measured["rmse"] = math.sqrt(mse) * self._dataset.target_std
        else:
            chosen = given[0] > 0.5 if len(given) == 1 else given.argmax(axis=0)
            measured["accuracy"] = int(np.count_nonzero(chosen == part.labels)) / len(part.labels)
        measured["fitness"] = self._fitness(measured, errors)
        return measured

    def _fitness(self, measured: Mapping[str, float], errors: Array) -> float:
        if self._settings.fitness == "accuracy":
            return measured["accuracy"]
        if self._settings.fitness == "neg_mse":
            return -measured["loss"]
        if self._settings.fitness == "inverse_mse":
            return 1.0 / (1.0 + measured["loss"])
        width, examples = errors.shape
        return max(0.0, examples - float(np.abs(errors).sum()) / width) ** 2


def _examples(dataset: Dataset, splits: Sequence[Split], standardise: bool) -> _Examples:
    x = np.concatenate([np.asarray(split.x, dtype=np.float64) for split in splits])
    if standardise:
        x = (x - dataset.mean) / dataset.std
    parts, begin = [], 0
    for split in splits:
        targets, labels = _targets(dataset, np.asarray(split.y))
        parts.append(_Part(begin, begin + len(split), targets, labels))
        begin += len(split)
    return _Examples(np.ascontiguousarray(x.T), tuple(parts))


def _targets(dataset: Dataset, y: NDArray[Any]) -> tuple[Array, NDArray[np.int64] | None]:
    """Targets of the outputs, (outputs, examples), and the class numbers, None for regression."""
    if dataset.task == "regression":
        return ((y.astype(np.float64) - dataset.target_mean) / dataset.target_std)[None], None
    if dataset.classes == 2:
        return y[None].astype(np.float64), y
    return np.eye(dataset.classes)[y].T, y
