"""Small teachers in files, and settings of distillation, for tests."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from nas_cli.data.dataset import Dataset
from nas_cli.distill.settings import DistillSettings
from tests.training.examples import PLAIN, convolutional, training

BASE = DistillSettings(
    temperature=4.0,
    lambda_hard=0.3,
    lambda_soft=0.7,
    temperature_squared=True,
    soften_student=True,
    weights=None,
    combine="probabilities",
    inputs="auto",
    cache=True,
    hints=(),
    hint_weight=1.0,
    attention=(),
    attention_weight=1000.0,
)


def settings(**changes: Any) -> DistillSettings:
    """Temperature 4, 0.3 and 0.7."""
    return replace(BASE, **changes)


def teacher_file(folder: Path, dataset: Dataset, seed: int = 7, epochs: int = 2) -> str:
    """The name of a teacher that was trained for a moment."""
    from nas_cli.training.fit import fit

    model = convolutional(dataset, seed, dropout=0.0)
    if epochs:
        fit(model, dataset, training(epochs=epochs), PLAIN, seed)
    file = folder / f"teacher-{seed}.keras"
    model.save(file)
    return str(file)
