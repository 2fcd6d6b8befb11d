"""The score of an architecture by training it for a while and extrapolating its learning curve."""

from dataclasses import replace
from pathlib import Path
from typing import final

from nas_cli.estimators.contract import Hints, Progress, Score
from nas_cli.estimators.extrapolation import extrapolated
from nas_cli.estimators.gated import GatedEstimator
from nas_cli.estimators.mixture import with_mixture
from nas_cli.estimators.settings import ExtrapolateEstimatorSettings
from nas_cli.spaces.architecture import Architecture


@final
class ExtrapolateEstimator(GatedEstimator[ExtrapolateEstimatorSettings]):
    """Trains the first `fraction` of the epochs; fitness is the value that the curve promises after all of them.

    The training is the beginning of the full one: its learning rates are those of the whole budget. Metrics hold what
    was measured, extrapolated_accuracy (or extrapolated_rmse) and fitness_std, the standard deviation of the promise.
    An accuracy is never promised above 1, an error never below 0. The saved network has had the fraction only; a trial
    that is to continue another one trains anew.
    """

    def trained(
        self, architecture: Architecture, seed: int, model_file: Path | None, progress: Progress, hints: Hints
    ) -> Score:
        trainer = self._trainer
        epochs = trainer.budget(hints)
        enough = self._settings.trained(epochs)
        trainer.begin(seed)
        model = trainer.build(architecture)
        found = trainer.inherit(model, hints)
        score = trainer.train(model, seed, model_file, progress, hints, found, stop_after=enough)
        score = with_mixture(score, architecture, model)
        return score if score.fitness is None else self._promised(score, epochs)

    def _promised(self, score: Score, epochs: int) -> Score:
        """The score with the curve's promise as fitness; a whole curve, or one of fewer than two epochs, promises what
        was measured."""
        measured, curve = float(score.fitness or 0.0), self._trainer.values(score.curve)
        mean, deviation = measured, 0.0
        if 2 <= len(curve) < epochs:
            promise = extrapolated(curve, epochs)
            highest = 0.0 if self._trainer.dataset.task == "regression" else 1.0
            mean, deviation = min(promise.mean, highest), promise.deviation
        regression = self._trainer.dataset.task == "regression"
        named = {"extrapolated_rmse": -mean} if regression else {"extrapolated_accuracy": mean}
        return replace(score, fitness=mean, metrics={**score.metrics, **named, "fitness_std": deviation})
