"""Settings of distillation; checked without TensorFlow."""

import math
from dataclasses import dataclass

from nas_cli.data.settings import AugmentationSettings
from nas_cli.errors import ConfigError
from nas_cli.schema import choice, number

AUTO = "auto"
"""In the place of a pair of layers: pairs by the size of their maps."""


@dataclass(frozen=True, kw_only=True)
class DistillSettings:
    """λ1·CE(label, student) + λ2·T²·CE(softmax(teacher/T), softmax(student/T)), and what layers learn from layers.

    `temperature`: T. `lambda_hard`, `lambda_soft`: λ1, λ2. `temperature_squared`: the factor T². `soften_student`:
    the student's softmax has the temperature too; the lecture softens the teacher only. With lambda_soft=0 and no
    features there is nothing to weigh λ1 against: it is taken as 1, and the training is plain training.
    `weights`: shares of several teachers, in proportion; None: all the same. `combine`: their mean is one of
    probabilities or of logits. `inputs`: what the teachers take: raw values, those divided by 255 (unit), standardised
    ones; auto is raw, but refuses a teacher that does not scale its inputs where the student does.
    `cache`: teachers are asked once about fixed inputs, in place of every step; under augmentation always every step.
    `hints`: pairs TEACHER_LAYER:STUDENT_LAYER of feature maps that the student's is to match (FitNets), `attention`:
    the same of maps whose places of high activation are to match; `auto` finds pairs by the size of the maps.
    `hint_weight`, `attention_weight`: their factors in the loss.
    """

    temperature: float = number(0, open_low=True)
    lambda_hard: float = number(0)
    lambda_soft: float = number(0)
    temperature_squared: bool
    soften_student: bool
    weights: tuple[float, ...] | None = number(0)
    combine: str = choice("probabilities", "logits")
    inputs: str = choice("auto", "raw", "unit", "standardised")
    cache: bool
    hints: tuple[str, ...]
    hint_weight: float = number(0)
    attention: tuple[str, ...]
    attention_weight: float = number(0)

    def __post_init__(self) -> None:
        """
        Raises:
            ConfigError: numbers that are not finite, nothing to learn, or a pair of layers that is none.
        """
        for key in ("temperature", "lambda_hard", "lambda_soft", "hint_weight", "attention_weight"):
            if not math.isfinite(getattr(self, key)):
                raise ConfigError(f"distill.{key}={getattr(self, key)}: must be a finite number.")
        if not self.lambda_hard and not self.lambda_soft and not self.has_features:
            raise ConfigError("distill.lambda_hard=0 and distill.lambda_soft=0: one must be above 0.")
        if self.weights is not None and not sum(self.weights) > 0:
            raise ConfigError(f"distill.weights={list(self.weights)}: must be numbers of which one is above 0.")
        for key in ("hints", "attention"):
            pairs = getattr(self, key)
            for pair in pairs:
                if pair != AUTO and (pair.count(":") != 1 or not all(pair.split(":"))):
                    raise ConfigError(f"distill.{key}: '{pair}' must be TEACHER_LAYER:STUDENT_LAYER, or {AUTO}.")

    @property
    def has_features(self) -> bool:
        """True if layers learn from layers."""
        return bool((self.hints and self.hint_weight) or (self.attention and self.attention_weight))

    @property
    def teaches(self) -> bool:
        """False if a training with these settings is plain training."""
        return bool(self.lambda_soft) or self.has_features

    def asks_once(self, augmentation: AugmentationSettings) -> bool:
        """True if answers are kept: the inputs are fixed, and no maps are wanted, which are too large to keep."""
        return self.cache and not augmentation.changes_images and not self.has_features

    def shares(self, teachers: int) -> tuple[float, ...]:
        """The weights of so many teachers, which sum to 1.

        Raises:
            ConfigError: another number of weights, or features of several teachers.
        """
        if self.has_features and teachers > 1:
            raise ConfigError(f"distill.hints and distill.attention are of one teacher, {teachers} are given.")
        if self.weights is None:
            return (1.0 / teachers,) * teachers
        if len(self.weights) != teachers:
            raise ConfigError(
                f"distill.weights={list(self.weights)} has {len(self.weights)} numbers, but the number of teachers is "
                f"{teachers}."
            )
        return tuple(weight / sum(self.weights) for weight in self.weights)
