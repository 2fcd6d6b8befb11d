"""A teaching from settings: cached answers where inputs are fixed, answers in every step where they are not."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nas_cli.data.dataset import Dataset
from nas_cli.data.settings import AugmentationSettings
from nas_cli.distill.features import features, maps_of
from nas_cli.distill.logits_file import kept_logits
from nas_cli.distill.settings import DistillSettings
from nas_cli.distill.teachers import Ensemble
from nas_cli.schema import plain
from nas_cli.training.soft_targets import SOFT, Weighting
from nas_cli.training.teaching import Teaching

Tensor = Any


def lesson(
    ensemble: Ensemble,
    student: Any,
    dataset: Dataset,
    settings: DistillSettings,
    augmentation: AugmentationSettings,
    folder: Path,
) -> Teaching | None:
    """What `fit` is given; None where the settings make the training a plain one, which no teacher is asked for.

    `folder`: where the answers to fixed inputs are kept.

    Raises:
        ConfigError: layers that do not fit one another.
    """
    if not settings.teaches:
        return None
    weighting = Weighting(
        settings.temperature,
        settings.lambda_hard,
        settings.lambda_soft,
        settings.temperature_squared,
        settings.soften_student,
    )
    identity = ["taught", plain(settings), ensemble.identity]
    if settings.has_features:
        return _with_features(ensemble, student, settings, weighting, identity)
    if settings.asks_once(augmentation):
        logits = kept_logits(ensemble, dataset.train, folder)
        soft = ensemble.soft(list(logits), settings.temperature)
        return Teaching(weighting, identity, cached=np.asarray(soft, np.float32))

    def live(x: Tensor) -> Mapping[str, Tensor]:
        logits = [teacher.logits(x) for teacher in ensemble.teachers]
        return {SOFT: ensemble.soft(logits, settings.temperature)}

    return Teaching(weighting, identity, live=live)


def _with_features(
    ensemble: Ensemble, student: Any, settings: DistillSettings, weighting: Weighting, identity: Any
) -> Teaching:
    teacher = ensemble.teachers[0]
    found = features(teacher.model, student, settings)

    def live(x: Tensor) -> Mapping[str, Tensor]:
        logits, *maps = found.teacher(teacher.prepare(x), training=False)
        return {SOFT: ensemble.soft([logits], settings.temperature), **maps_of(maps, found.losses)}

    return Teaching(weighting, identity, live=live, network=found.student, features=found.losses)
