"""The score of an architecture by cross-validation."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, final

from nas_cli.estimators.contract import Hints, Progress, Score
from nas_cli.estimators.folds import fold, fold_numbers
from nas_cli.estimators.gated import GatedEstimator
from nas_cli.estimators.settings import CrossValidationEstimatorSettings
from nas_cli.spaces.architecture import Architecture

SUMMED = ("epochs", "train_seconds", "evaluation_seconds", "compile_seconds")
"""Metrics that the folds have in all; of the others the mean counts."""


@final
class CrossValidationEstimator(GatedEstimator[CrossValidationEstimatorSettings]):
    """Trains `folds` networks, each with another part of training and validation examples held back; fitness is the
    mean of their fitness, fitness_std in the metrics its standard deviation over the folds (n − 1).

    The test split is never part of it. The folds are the same for every trial; each standardises with the statistics of
    its own training part. The saved network is that of the last fold, and is tested as it is. A fold that fails fails
    the trial. The curve is that of the folds one behind the other, `fold` says which. A trial that is to continue
    another one trains anew.
    """

    def __init__(self, settings: CrossValidationEstimatorSettings, *given: Any) -> None:
        super().__init__(settings, *given)
        self._numbers = fold_numbers(self._trainer.dataset, settings.folds)

    def trained(
        self, architecture: Architecture, seed: int, model_file: Path | None, progress: Progress, hints: Hints
    ) -> Score:
        scores: list[Score] = []
        for number in range(self._settings.folds):
            file = model_file if number == self._settings.folds - 1 else None
            scores.append(self._fold(architecture, number, seed, file, progress, hints))
            if scores[-1].failure is not None:
                return _failed(scores)
        return _mean(scores)

    def _fold(
        self,
        architecture: Architecture,
        number: int,
        seed: int,
        model_file: Path | None,
        progress: Progress,
        hints: Hints,
    ) -> Score:
        """The score of one fold, whose epochs are numbered behind those of the folds before it."""
        trainer = self._trainer
        data, before = fold(trainer.dataset, self._numbers, number), number * trainer.budget(hints)

        def placed(epoch: Mapping[str, float]) -> dict[str, float]:
            return {**epoch, "epoch": epoch["epoch"] + before, "fold": float(number + 1)}

        def told(epoch: Mapping[str, float]) -> None:
            progress({**placed(epoch), "epochs": self._settings.folds * trainer.budget(hints)})

        trainer.begin(seed)
        model = trainer.build(architecture, data)
        found = trainer.inherit(model, hints)
        score = trainer.train(model, seed, model_file, told, hints, found, dataset=data)
        return replace(score, curve=tuple(placed(epoch) for epoch in score.curve))


def _failed(scores: Sequence[Score]) -> Score:
    last = scores[-1]
    curve = tuple(epoch for score in scores for epoch in score.curve)
    return replace(last, curve=curve, failure=f"{last.failure} in fold {len(scores)}")


def _mean(scores: Sequence[Score]) -> Score:
    fitness = [float(score.fitness) for score in scores if score.fitness is not None]
    metrics: dict[str, float] = {}
    for name in scores[0].metrics:
        values = [score.metrics[name] for score in scores]
        metrics[name] = math.fsum(values) if name in SUMMED else fmean(values)
    metrics["fitness_std"] = stdev(fitness)
    extra = {**scores[-1].extra, "folds": [{"fitness": value} for value in fitness]}
    return Score(fmean(fitness), metrics, tuple(epoch for score in scores for epoch in score.curve), extra=extra)
