"""Teachers: trained models that are asked for their logits and never changed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

import keras
import numpy as np
from numpy.typing import NDArray

from nas_cli.data.dataset import Dataset, Split
from nas_cli.distill.references import file_digest, teacher_file
from nas_cli.distill.settings import DistillSettings
from nas_cli.errors import ConfigError
from nas_cli.models.reference import open_model
from nas_cli.models.settings import ModelSettings
from nas_cli.training.feed import in_order
from nas_cli.training.soft_targets import soft_probabilities

Tensor = Any
Note = Callable[[str], None]

BATCH = 256
PASSING = ("InputLayer", "Flatten", "Reshape", "Permute", "ZeroPadding2D", "Cropping2D", "Resizing", "Cast")
SCALING = (
    "Rescaling", "Normalization", "BatchNormalization", "LayerNormalization",
    "TrueDivide", "Divide", "Multiply", "Subtract", "Add",
)  # fmt: skip


@dataclass(frozen=True)
class Teacher:
    """One trained model, its name as given, the digest of its file, and what is done to raw inputs before it."""

    name: str
    digest: str
    model: Any
    prepare: Callable[[Tensor], Tensor]

    def logits(self, x: Tensor) -> Tensor:
        """(batch, classes) for raw float32 inputs, as in evaluation; in a graph or outside."""
        return self.model(self.prepare(x), training=False)


@final
class Ensemble:
    """Teachers that answer together; `shares` sum to 1."""

    def __init__(self, teachers: Sequence[Teacher], settings: DistillSettings) -> None:
        self.teachers = tuple(teachers)
        self.shares = settings.shares(len(self.teachers))
        self.combine, self.inputs = settings.combine, settings.inputs

    @property
    def identity(self) -> list[Any]:
        """JSON values that tell these teachers from others."""
        return [[teacher.digest for teacher in self.teachers], list(self.shares), self.combine, self.inputs]

    def logits(self, split: Split) -> NDArray[np.float32]:
        """(teachers, examples, classes): what each says to all examples of a split, in order."""
        return np.stack([_all_logits(teacher, split) for teacher in self.teachers])

    def soft(self, logits: Sequence[Tensor], temperature: float) -> Tensor:
        """(batch, classes): their probabilities together at a temperature."""
        return soft_probabilities(logits, self.shares, temperature, self.combine)


def open_teachers(
    names: Sequence[str], dataset: Dataset, settings: DistillSettings, student: Any, note: Note = lambda line: None
) -> Ensemble:
    """The teachers of a student on a data set.

    Raises:
        ConfigError: a teacher takes other inputs or has other classes than the data set, or it does not say what is
            done to its inputs where the student does.
        DataError: there is no such model, or it is damaged.
    """
    student_scales = student is None or scales_inputs(student)
    opened = []
    for name in names:
        file = teacher_file(name)
        wanted = ModelSettings(name=name, keep_weights=True, width=None, weights=None)
        model = open_model(wanted, dataset.input_shape, dataset.classes, note=note)
        model.trainable = False
        inputs = settings.inputs
        if inputs == "auto" and student_scales and not scales_inputs(model):
            raise ConfigError(
                f"teacher {name} has no layer that scales its inputs, the student has: say what it was trained on, "
                "distill.inputs=unit (values in 0..1), standardised, or raw."
            )
        opened.append(Teacher(name, file_digest(file), model, _preparation(inputs, dataset)))
    return Ensemble(opened, settings)


def scales_inputs(model: Any) -> bool:
    """True if a model brings its inputs to scale before any layer with weights works on them."""
    for layer in model.layers:
        kind = type(layer).__name__
        if isinstance(layer, keras.Model):
            return scales_inputs(layer)
        if kind in SCALING:
            return True
        if kind not in PASSING:
            return False
    return False


def _preparation(inputs: str, dataset: Dataset) -> Callable[[Tensor], Tensor]:
    if inputs == "unit":
        return lambda x: x / 255.0
    if inputs == "standardised":
        scale, offset = (np.asarray(values, np.float32) for values in (dataset.scale, dataset.offset))
        return lambda x: x * scale + offset
    return lambda x: x


def _all_logits(teacher: Teacher, split: Split) -> NDArray[np.float32]:
    parts = []
    for x, _ in in_order(split, BATCH):
        inputs = teacher.prepare(np.asarray(x, np.float32))
        parts.append(np.asarray(teacher.model.predict_on_batch(inputs), np.float32))
    return np.concatenate(parts)
