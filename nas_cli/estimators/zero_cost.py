"""The score of an untrained architecture."""

from collections.abc import Mapping
from pathlib import Path
from typing import final

from nas_cli.data.settings import AugmentationSettings
from nas_cli.estimators.contract import NO_HINTS, Hints, Progress, Score
from nas_cli.estimators.settings import ZeroCostEstimatorSettings
from nas_cli.estimators.trainer import Trainer
from nas_cli.spaces.candidate import Candidate
from nas_cli.training.settings import TrainingSettings


@final
class ZeroCostEstimator:
    """Fitness is a proxy at initialisation; no candidate is trained but the one that the search has chosen.

    That one, with `Hints.final`, is trained with the full budget and saved, so that the search ends with a network that
    can be tested; its fitness stays the proxy.
    """

    def __init__(
        self,
        settings: ZeroCostEstimatorSettings,
        training: TrainingSettings,
        augmentation: AugmentationSettings,
        prepared: Path,
    ) -> None:
        self._settings = settings
        self._trainer = Trainer(settings, training, augmentation, prepared)

    def estimate(
        self,
        architecture: Candidate,
        seed: int,
        model_file: Path | None,
        progress: Progress,
        hints: Hints = NO_HINTS,
    ) -> Score:
        from nas_cli.estimators.probe import probe

        trainer, settings = self._trainer, self._settings
        if not hints.final:
            return probe(trainer, architecture, settings.proxy, settings.examples, seed)
        trainer.begin(seed)
        return trainer.train(trainer.build(architecture), seed, model_file, progress, hints, {})

    def test(self, model_file: Path) -> Mapping[str, float]:
        return self._trainer.test(model_file)
