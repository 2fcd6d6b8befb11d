"""The score of an architecture by training it."""

from pathlib import Path
from typing import final

from nas_cli.estimators.continuation import continued
from nas_cli.estimators.contract import Hints, Progress, Score
from nas_cli.estimators.gated import GatedEstimator
from nas_cli.estimators.mixture import with_mixture
from nas_cli.estimators.settings import TrainEstimatorSettings
from nas_cli.spaces.architecture import Architecture


@final
class TrainEstimator(GatedEstimator[TrainEstimatorSettings]):
    """Trains with the budgets of the settings; fitness is the validation accuracy, or minus the validation rmse.

    `prepared`: folder of a prepared data set. The processes of a `ring` train together. A network that diverges, or is
    not trained before `training.max_seconds` ends, has no fitness. A trial that continues an earlier one trains the
    epochs that are left.
    """

    def trained(
        self, architecture: Architecture, seed: int, model_file: Path | None, progress: Progress, hints: Hints
    ) -> Score:
        trainer = self._trainer
        trainer.begin(seed)
        model = trainer.build(architecture)
        if hints.continues is not None:
            score = continued(trainer, model, seed, model_file, progress, hints)
        else:
            inherited = trainer.inherit(model, hints)
            score = trainer.train(model, seed, model_file, progress, hints, inherited)
        return with_mixture(score, architecture, model)
