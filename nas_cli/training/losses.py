"""What a training minimises and what it reports: per-example losses and scores on logits."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any, final

from nas_cli.data.dataset import Dataset
from nas_cli.errors import ConfigError
from nas_cli.training import robust_losses
from nas_cli.training.settings import LOSS_NEEDS, LossSettings

Tensor = Any


class Objective(ABC):
    """A loss and the metric that goes with it; sums over examples are exact whatever the batches are.

    `metric`: name of the metric, 'accuracy' or 'rmse'. `higher_is_better`: its direction.
    """

    metric: str
    higher_is_better: bool

    @abstractmethod
    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """float32 (batch,): the loss of each example."""

    @abstractmethod
    def scores(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """float32 (batch,): what `summary` needs the mean of."""

    @abstractmethod
    def summary(self, mean_score: float) -> float:
        """The metric from the mean of `scores` over all examples."""


@final
class CrossEntropy(Objective):
    """Cross-entropy of integer labels (batch,) from logits (batch, classes).

    With smoothing ε the target is (1−ε)·onehot + ε/classes (Szegedy et al. 2016, section 7):
    loss = (1−ε)·(−log p_y) + ε·mean_k(−log p_k).
    """

    metric = "accuracy"
    higher_is_better = True

    def __init__(self, label_smoothing: float = 0.0) -> None:
        self._smoothing = label_smoothing

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        from keras import ops

        logits = ops.cast(outputs, "float32")
        hard = ops.sparse_categorical_crossentropy(targets, logits, from_logits=True)
        if not self._smoothing:
            return hard
        uniform = -ops.mean(ops.log_softmax(logits, axis=-1), axis=-1)
        return (1.0 - self._smoothing) * hard + self._smoothing * uniform

    def scores(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return _hits(outputs, targets)

    def summary(self, mean_score: float) -> float:
        return mean_score


@final
class RobustLoss(Objective):
    """A loss of logits and integer labels that bears wrong labels, in place of cross-entropy."""

    metric = "accuracy"
    higher_is_better = True

    def __init__(self, loss: Callable[[Tensor, Tensor], Tensor]) -> None:
        """`loss`: from float32 logits (batch, classes) and labels (batch,) to losses (batch,)."""
        self._loss = loss

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        from keras import ops

        return self._loss(ops.cast(outputs, "float32"), targets)

    def scores(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return _hits(outputs, targets)

    def summary(self, mean_score: float) -> float:
        return mean_score


def _hits(outputs: Tensor, targets: Tensor) -> Tensor:
    """float32 (batch,): 1 where the largest logit is that of the label."""
    from keras import ops

    return ops.cast(ops.equal(ops.argmax(outputs, axis=-1), ops.cast(targets, "int32")), "float32")


@final
class MeanSquaredError(Objective):
    """Squared error of outputs (batch, 1) to standardised targets; the metric is the root mean square in raw units.

    The network learns (y − mean)/std; `rmse` is multiplied by std again.
    """

    metric = "rmse"
    higher_is_better = False

    def __init__(self, mean: float, std: float) -> None:
        self._mean = mean
        self._std = std

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        from keras import ops

        standardised = (ops.cast(targets, "float32") - self._mean) / self._std
        return ops.square(ops.cast(outputs, "float32")[:, 0] - standardised)

    def scores(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return self.losses(outputs, targets)

    def summary(self, mean_score: float) -> float:
        return self._std * math.sqrt(mean_score)


def plain_objective(dataset: Dataset) -> Objective:
    """The loss for a data set without smoothing: what every evaluation reports, whatever the training minimises."""
    return build_objective(LossSettings(name="auto", label_smoothing=None), dataset)


def build_objective(settings: LossSettings, dataset: Dataset) -> Objective:
    """The loss for a data set.

    Raises:
        ConfigError: a loss that does not fit the task, or label smoothing without classes.
    """
    expected = "mse" if dataset.task == "regression" else "cross_entropy"
    if settings.name in LOSS_NEEDS and expected == "cross_entropy":
        return _with_parameters(settings)
    if settings.name not in ("auto", expected):
        raise ConfigError(
            f"training.loss={settings.name} does not fit {dataset.name} ({dataset.task}): use {expected} or auto."
        )
    smoothing = settings.label_smoothing or 0.0
    if expected == "cross_entropy":
        return CrossEntropy(smoothing)
    if smoothing:
        raise ConfigError(f"training.loss.label_smoothing={smoothing}: {dataset.name} has no classes, must be null.")
    return MeanSquaredError(dataset.target_mean, dataset.target_std)


def _with_parameters(settings: LossSettings) -> Objective:
    if settings.name == "label_smoothing":
        return CrossEntropy(settings.label_smoothing or 0.0)
    values = {key: getattr(settings, key) for key in LOSS_NEEDS[settings.name]}
    return RobustLoss(partial(getattr(robust_losses, settings.name), **values))
