"""The score of an architecture by training it."""

from collections.abc import Mapping
from pathlib import Path
from typing import final

from nas_cli.data.settings import AugmentationSettings
from nas_cli.distributed.ring import Ring
from nas_cli.estimators.continuation import continued
from nas_cli.estimators.contract import NO_HINTS, Hints, Progress, Score
from nas_cli.estimators.gate import Gate
from nas_cli.estimators.mixture import with_mixture
from nas_cli.estimators.settings import TrainEstimatorSettings
from nas_cli.estimators.trainer import Trainer, network
from nas_cli.spaces.candidate import Candidate
from nas_cli.training.settings import TrainingSettings


@final
class TrainEstimator:
    """Trains with the budgets of the settings; fitness is the validation accuracy, or minus the validation rmse.

    `prepared`: folder of a prepared data set. The processes of a `ring` train together. A network that diverges, or is
    not trained before `training.max_seconds` ends, has no fitness. A trial that continues an earlier one trains the
    epochs that are left.
    """

    def __init__(
        self,
        settings: TrainEstimatorSettings,
        training: TrainingSettings,
        augmentation: AugmentationSettings,
        prepared: Path,
        ring: Ring | None = None,
    ) -> None:
        self._trainer = Trainer(settings, training, augmentation, prepared, ring)
        self._gate = Gate(settings.filter, self._trainer)

    def estimate(
        self,
        architecture: Candidate,
        seed: int,
        model_file: Path | None,
        progress: Progress,
        hints: Hints = NO_HINTS,
    ) -> Score:
        trainer = self._trainer

        def train() -> Score:
            trainer.begin(seed)
            model = trainer.build(architecture)
            if hints.continues is not None:
                score = continued(trainer, model, seed, model_file, progress, hints)
            else:
                inherited = trainer.inherit(model, hints)
                score = trainer.train(model, seed, model_file, progress, hints, inherited)
            return with_mixture(score, network(architecture), model)

        return self._gate.score(architecture, seed, hints, train)

    def test(self, model_file: Path) -> Mapping[str, float]:
        return self._trainer.test(model_file)
