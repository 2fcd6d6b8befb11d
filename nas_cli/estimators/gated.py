"""What the estimators that train share: a trainer behind the filter by a proxy."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Generic, TypeVar

from nas_cli.data.settings import AugmentationSettings
from nas_cli.distributed.ring import Ring
from nas_cli.estimators.contract import NO_HINTS, Hints, Progress, Score
from nas_cli.estimators.gate import Gate
from nas_cli.estimators.settings import TrainEstimatorSettings
from nas_cli.estimators.trainer import Trainer, network
from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.candidate import Candidate
from nas_cli.training.settings import TrainingSettings

S = TypeVar("S", bound=TrainEstimatorSettings)


class GatedEstimator(ABC, Generic[S]):
    """Scores networks that the filter lets through by training them, as `trained` says.

    `prepared`: folder of a prepared data set. The processes of a `ring` train together.
    """

    def __init__(
        self,
        settings: S,
        training: TrainingSettings,
        augmentation: AugmentationSettings,
        prepared: Path,
        ring: Ring | None = None,
    ) -> None:
        self._settings = settings
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
        def train() -> Score:
            return self.trained(network(architecture), seed, model_file, progress, hints)

        return self._gate.score(architecture, seed, hints, train)

    def test(self, model_file: Path) -> Mapping[str, float]:
        return self._trainer.test(model_file)

    @abstractmethod
    def trained(
        self, architecture: Architecture, seed: int, model_file: Path | None, progress: Progress, hints: Hints
    ) -> Score:
        """The score of a network that the filter lets through."""
