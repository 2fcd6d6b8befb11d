"""A network as the teacher of the smaller one that is made of it."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from nas_cli.data.dataset import Dataset
from nas_cli.data.settings import AugmentationSettings
from nas_cli.distill.lesson import lesson
from nas_cli.distill.settings import DistillSettings
from nas_cli.distill.teachers import Ensemble, Teacher
from nas_cli.training.teaching import Lesson, Teaching


def own_lesson(settings: DistillSettings, dataset: Dataset, augmentation: AugmentationSettings, folder: Path) -> Lesson:
    """What any student learns of a network that takes the same inputs; arguments as those of `lesson`."""

    def taught(network: Any, student: Any) -> Teaching | None:
        network.trainable = False
        teacher = Teacher("self", _digest(network), network, prepare=lambda x: x)
        return lesson(Ensemble([teacher], settings), student, dataset, settings, augmentation, folder)

    return taught


def _digest(network: Any) -> str:
    """The SHA-256 of its weights: other processes than the first of a run have no file of it."""
    digest = hashlib.sha256()
    for variable in network.variables:
        digest.update(np.ascontiguousarray(np.asarray(variable)).tobytes())
    return digest.hexdigest()
