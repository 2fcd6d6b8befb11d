"""Teachers of a search: every candidate learns their answers, which are computed once for all workers."""

from pathlib import Path
from typing import Any, final

from nas_cli.data.dataset import Dataset
from nas_cli.data.settings import AugmentationSettings
from nas_cli.errors import ConfigError
from nas_cli.estimators.settings import TrainEstimatorSettings
from nas_cli.training.teaching import Teaching


@final
class Teachers:
    """The teachers that the settings name, opened once in a process, before any trial has set its seed."""

    def __init__(self, settings: TrainEstimatorSettings, dataset: Dataset, prepared: Path) -> None:
        """`dataset`: that of a trial, with the shape of its inputs. `prepared`: where answers are kept.

        Raises:
            ConfigError: teachers that do not fit the trial's inputs or classes.
            DataError: there is no such file.
        """
        from nas_cli.distill.teachers import open_teachers

        if settings.distill is None or settings.distill_from is None:
            raise ConfigError("estimator.distill_from needs estimator.distill, what is learned.")
        self._settings, self._folder = settings.distill, prepared
        self._ensemble = open_teachers(settings.distill_from.split(","), dataset, settings.distill, None)

    def lesson(self, model: Any, dataset: Dataset, augmentation: AugmentationSettings) -> Teaching | None:
        """The teachers' part in the training of a candidate on `dataset`."""
        from nas_cli.distill.lesson import lesson

        return lesson(self._ensemble, model, dataset, self._settings, augmentation, self._folder)
