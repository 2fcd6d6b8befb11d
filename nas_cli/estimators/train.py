"""The score of an architecture by training it."""

from collections.abc import Mapping
from pathlib import Path
from typing import final

from nas_cli.data.settings import AugmentationSettings
from nas_cli.estimators.contract import NO_HINTS, Hints, Progress, Score
from nas_cli.estimators.settings import TrainEstimatorSettings
from nas_cli.estimators.trainer import Trainer
from nas_cli.spaces.architecture import Architecture
from nas_cli.training.settings import TrainingSettings


@final
class TrainEstimator:
    """Trains with the budgets of the settings; fitness is the validation accuracy, or minus the validation rmse.

    `prepared`: folder of a prepared data set. A network that diverges, or is not trained before
    `training.max_seconds` ends, has no fitness.
    """

    def __init__(
        self,
        settings: TrainEstimatorSettings,
        training: TrainingSettings,
        augmentation: AugmentationSettings,
        prepared: Path,
    ) -> None:
        self._trainer = Trainer(settings, training, augmentation, prepared)

    def estimate(
        self,
        architecture: Architecture,
        seed: int,
        model_file: Path | None,
        progress: Progress,
        hints: Hints = NO_HINTS,
    ) -> Score:
        trainer = self._trainer
        trainer.begin(seed)
        model = trainer.build(architecture)
        inherited = trainer.inherit(model, hints)
        return trainer.train(model, seed, model_file, progress, hints, inherited)

    def test(self, model_file: Path) -> Mapping[str, float]:
        return self._trainer.test(model_file)
