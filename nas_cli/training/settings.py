"""Settings of the training loop; checked without TensorFlow."""

from dataclasses import dataclass

from nas_cli.errors import ConfigError
from nas_cli.schema import choice, number

OPTIMIZERS = (
    "sgd", "momentum", "nesterov", "rmsprop", "adam", "adagrad", "nadam", "adadelta", "adamw", "lion",
    "muon",
)  # fmt: skip
WITH_MOMENTUM = ("momentum", "nesterov", "rmsprop")


@dataclass(frozen=True)
class OptimizerSettings:
    """Optimizer by the field's name; `momentum` must be None where an optimizer has none.

    `weight_decay` is decoupled: every step also subtracts learning_rate · weight_decay · w.
    `clip_norm` clips the global norm of the gradients.
    """

    name: str = choice(*OPTIMIZERS)
    learning_rate: float = number(0, open_low=True)
    momentum: float | None = number(0, 1, open_high=True)
    weight_decay: float | None = number(0)
    clip_norm: float | None = number(0, open_low=True)

    def __post_init__(self) -> None:
        """
        Raises:
            ConfigError: a parameter that the optimizer does not have, or lacks.
        """
        if self.momentum is not None and self.name not in WITH_MOMENTUM:
            raise ConfigError(
                f"training.optimizer.momentum={self.momentum} with {self.name}: must be null, "
                f"only {', '.join(WITH_MOMENTUM)} have it."
            )
        if self.momentum is None and self.name in ("momentum", "nesterov"):
            raise ConfigError(f"training.optimizer.momentum is null: {self.name} needs a number in [0, 1).")
        if self.weight_decay is None and self.name == "adamw":
            raise ConfigError("training.optimizer.weight_decay is null: adamw needs a number, 0 for none.")


LOSS_NEEDS = {
    "label_smoothing": ("label_smoothing",),
    "symmetric_cross_entropy": ("alpha", "beta", "log_zero"),
    "generalised_cross_entropy": ("q",),
    "bootstrap_soft": ("beta",),
    "bootstrap_hard": ("beta",),
}
"""The losses that have parameters of their own, and which; a smoothing is allowed with cross_entropy and auto too."""


@dataclass(frozen=True)
class LossSettings:
    """Loss by name; `auto` is cross_entropy for class labels and mse for regression.

    Validation and test report plain cross-entropy whatever is trained. `label_smoothing`: share of the target that
    is spread over all classes. The losses that bear wrong labels (`nas_cli.training.robust_losses` has the formulas):
    symmetric_cross_entropy has `alpha`, `beta` and `log_zero`, generalised_cross_entropy has `q`, bootstrap_soft and
    bootstrap_hard have `beta`, the share of the target that is the label. None where a loss has no such parameter.
    """

    name: str = choice(
        "auto", "cross_entropy", "mse", "label_smoothing", "symmetric_cross_entropy", "generalised_cross_entropy",
        "bootstrap_soft", "bootstrap_hard",
    )  # fmt: skip
    label_smoothing: float | None = number(0, 1, open_high=True)
    alpha: float | None = number(0, default=None)
    beta: float | None = number(0, default=None)
    q: float | None = number(0, 1, open_low=True, default=None)
    log_zero: float | None = number(None, 0, open_high=True, default=None)

    def __post_init__(self) -> None:
        """
        Raises:
            ConfigError: a parameter that the loss does not have, or lacks, or that is no share.
        """
        needs = LOSS_NEEDS.get(self.name, ())
        for key in ("label_smoothing", "alpha", "beta", "q", "log_zero"):
            value = getattr(self, key)
            if value is None and key in needs:
                raise ConfigError(f"training.loss.{key} is null: {self.name} needs a number.")
            may = key in needs or (key == "label_smoothing" and not needs)
            if value is not None and not may:
                raise ConfigError(f"training.loss.{key}={value} with {self.name}: must be null, it has none.")
        if self.name.startswith("bootstrap") and self.beta is not None and self.beta > 1:
            raise ConfigError(f"training.loss.beta={self.beta} with {self.name}: must be in [0, 1], a share.")


@dataclass(frozen=True)
class ScheduleSettings:
    """Learning rate over the training steps.

    `constant`; `cosine` to `final_fraction` of the initial rate; `step`: times `factor` at each of `milestones`
    (fractions of the training). `warmup`: fraction of the training with a linear rise from 0.
    """

    name: str = choice("constant", "cosine", "step")
    warmup: float = number(0, 1, open_high=True)
    final_fraction: float | None = number(0, 1)
    factor: float | None = number(0, 1, open_low=True)
    milestones: tuple[float, ...] | None = number(0, 1)


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """One training.

    `patience`: epochs without a better validation loss before training stops; None never stops early.
    `restore_best`: end with the weights of the epoch with the best validation accuracy (or lowest loss).
    `precision`: auto is mixed_bfloat16 where the processor has bfloat16 arithmetic or there is a GPU, else float32.
    `jit_compile`: auto compiles with XLA on a GPU only. `max_seconds`: stop the training cleanly after this time.
    """

    epochs: int = number(1)
    batch_size: int = number(1)
    optimizer: OptimizerSettings
    loss: LossSettings
    schedule: ScheduleSettings
    patience: int | None = number(1)
    restore_best: bool
    precision: str = choice("auto", "float32", "mixed_bfloat16", "mixed_float16")
    jit_compile: str = choice("auto", "true", "false")
    max_seconds: float | None = number(0, open_low=True)
    tensorboard: bool


@dataclass(frozen=True, kw_only=True)
class RetrainingSettings(TrainingSettings):
    """The trainings of a run that makes a smaller network of one.

    `teacher`: self, the trained network as it was before anything went, whose answers the smaller one learns too in the
    trainings behind a removal; None: labels alone.
    """

    teacher: str | None = choice("self")
