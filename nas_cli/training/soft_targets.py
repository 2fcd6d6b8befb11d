"""The loss of a student: labels and a teacher's soft targets; and what its layers learn from the teacher's layers.

Why not `keras.distillation.Distiller` and its losses: they give one number for a batch, where the sums of our compiled
steps, and the shares of a ring's processes, are over examples; a Distiller asks its teacher in every step, where fixed
inputs let us ask once; `LogitsDistillation` of Keras 3.15 has T² always, clips probabilities at 1e-7, and with any
loss but an instance of KLDivergence, its default name "kl_divergence" among them, takes logits for probabilities.
With that instance its gradient is that of SoftTargets with one teacher and both sides softened; a test compares them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, final

from nas_cli.training.losses import Objective

Tensor = Any

LABEL, SOFT = "label", "soft"
"""The parts of a taught example's targets."""


@dataclass(frozen=True)
class Weighting:
    """λ1·CE(label, student) + λ2·T²·CE(softmax(teacher/T), softmax(student/T)).

    `temperature_squared` False leaves T² out, as the lecture's formula does: the soft term's gradient then falls with
    1/T². `soften_student` False takes the student at T = 1, as the lecture does (Hinton et al. soften both).
    """

    temperature: float
    lambda_hard: float
    lambda_soft: float
    temperature_squared: bool = True
    soften_student: bool = True

    @property
    def soft_factor(self) -> float:
        """The factor of the soft term: λ2·T², or λ2."""
        return self.lambda_soft * (self.temperature**2 if self.temperature_squared else 1.0)


class FeatureLoss(Protocol):
    """What a layer of the student learns from one of the teacher; `field` is its part of the targets."""

    field: str
    weight: float

    def losses(self, teacher: Tensor, student: Tensor) -> Tensor:
        """float32 (batch,)."""


@final
class SoftTargets(Objective):
    """The student's loss: that of the labels, the soft targets', and those of features.

    Outputs: logits, or a list of logits and one tensor per feature. Targets: {"label": (batch,), "soft": (batch,
    classes) probabilities of the teacher at the temperature, and a part per feature}. The metric is of the labels.

    Source: Hinton, Vinyals & Dean 2015, arXiv:1503.02531, section 2.
    """

    def __init__(self, hard: Objective, weighting: Weighting, features: Sequence[FeatureLoss] = ()) -> None:
        """`hard`: the loss of the labels."""
        self.metric, self.higher_is_better = hard.metric, hard.higher_is_better
        self._hard, self._weighting, self._features = hard, weighting, tuple(features)

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        logits, features = _parts(outputs)
        total = self._weighting.lambda_hard * self._hard.losses(logits, targets[LABEL])
        if self._weighting.lambda_soft:
            total += self._weighting.soft_factor * self._soft(logits, targets[SOFT])
        for feature, given in zip(self._features, features, strict=True):
            total += feature.weight * feature.losses(targets[feature.field], given)
        return total

    def _soft(self, logits: Tensor, soft: Tensor) -> Tensor:
        from keras import ops

        temperature = self._weighting.temperature if self._weighting.soften_student else 1.0
        log_student = ops.log_softmax(ops.cast(logits, "float32") / temperature, axis=-1)
        return -ops.sum(soft * log_student, axis=-1)

    def scores(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return self._hard.scores(_parts(outputs)[0], targets[LABEL])

    def summary(self, mean_score: float) -> float:
        return self._hard.summary(mean_score)


def soft_probabilities(logits: Sequence[Tensor], weights: Sequence[float], temperature: float, combine: str) -> Tensor:
    """What several teachers say together, (batch, classes) probabilities at the temperature.

    `logits`: one (batch, classes) per teacher; `weights` sum to 1. `combine`: 'probabilities' is the weighted mean of
    softmax(z/T), 'logits' is the softmax of the weighted mean of z/T (a geometric mean of probabilities).
    """
    from keras import ops

    scaled = [ops.cast(one, "float32") / temperature for one in logits]
    if combine == "logits":
        return ops.softmax(sum(weight * one for weight, one in zip(weights, scaled, strict=True)), axis=-1)
    return sum(weight * ops.softmax(one, axis=-1) for weight, one in zip(weights, scaled, strict=True))


def _parts(outputs: Tensor) -> tuple[Tensor, Sequence[Tensor]]:
    return (outputs[0], outputs[1:]) if isinstance(outputs, list | tuple) else (outputs, ())


Targets = Mapping[str, Tensor]
