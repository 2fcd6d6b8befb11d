"""The training of a tf_keras model on our data, with compile and fit of Keras 2: for what tfmot has wrapped."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nas_cli.data.batches import Batch, batches_per_epoch, epoch_batches
from nas_cli.data.dataset import Dataset
from nas_cli.data.settings import AugmentationSettings
from nas_cli.errors import ConfigError
from nas_cli.models.tf_keras_library import quiet_tf_keras, tf_keras
from nas_cli.training import checkpoint
from nas_cli.training.evaluation import measured
from nas_cli.training.losses import build_objective, plain_objective
from nas_cli.training.result import Epoch, Progress, best_epoch, stale_epochs
from nas_cli.training.schedules import learning_rates
from nas_cli.training.settings import WITH_MOMENTUM, OptimizerSettings, TrainingSettings
from nas_cli.training.steps import EvaluationSteps

STEPS_BETWEEN_LOOKS = 16
"""So often the clock is compared with `max_seconds`."""


EVALUATION_BATCH = 256


@dataclass(frozen=True)
class TfKerasFit:
    """`curve` and `stopped` as in `FitResult`; `steps`: gradient steps of the whole training."""

    curve: tuple[Epoch, ...]
    stopped: str
    steps: int


def fit_tf_keras(
    model: Any,
    dataset: Dataset,
    settings: TrainingSettings,
    augmentation: AugmentationSettings,
    seed: int,
    *,
    callbacks: Sequence[Any] = (),
    measure: Callable[[], Mapping[str, float]] | None = None,
    keep_best: bool = False,
    checkpoints: Path | None = None,
    progress: Progress | None = None,
) -> TfKerasFit:
    """Trains a tf_keras model in place: examples, their order, losses and learning rates are those of `training.fit`.

    `callbacks` of Keras 2 are called in every step. `measure` adds to what is reported of an epoch. With `keep_best`
    the model ends with the weights of the best epoch where the settings say so (restore_best). It computes in float32.

    With `checkpoints`, a folder, the state is kept after every epoch and a call on the same folder goes on behind the
    last one; a model with random layers (dropout), whose draws have no state to keep, begins again instead.

    Raises:
        ConfigError: settings that do not fit the task, or an optimizer that Keras 2 does not have.
        RunError: the checkpoint belongs to another training.
    """
    training = _Training(model, dataset, settings, augmentation, seed, measure, progress)
    parts = (settings, augmentation, seed, dataset.split_digest, checkpoint.structure(model))
    identity = checkpoint.fingerprint("tf_keras", *parts)
    folder = None if _draws(model) else checkpoints
    training.restore(None if folder is None else checkpoint.load(folder, identity))
    if folder is not None:
        training.keep = lambda state: checkpoint.save(folder, state, identity)
    with quiet_tf_keras():
        return training.run(callbacks, keep_best and settings.restore_best)


def steps_per_epoch(dataset: Dataset, settings: TrainingSettings, augmentation: AugmentationSettings) -> int:
    """Gradient steps of one epoch."""
    return batches_per_epoch(len(dataset.train), settings.batch_size, augmentation.copies)


def _draws(model: Any) -> bool:
    """Whether the model has a layer that draws random numbers in training."""
    return any(hasattr(_inner(layer), "_random_generator") for layer in model.layers)


def _inner(layer: Any) -> Any:
    """The layer inside tfmot's wrappers."""
    return _inner(layer.layer) if hasattr(layer, "layer") else layer


class _Training:
    """A training between two epochs; Keras 2 calls it back."""

    def __init__(
        self,
        model: Any,
        dataset: Dataset,
        settings: TrainingSettings,
        augmentation: AugmentationSettings,
        seed: int,
        measure: Callable[[], Mapping[str, float]] | None,
        progress: Progress | None,
    ) -> None:
        self._model, self._data, self._settings, self._seed = model, dataset, settings, seed
        self._augmentation, self._measure, self._progress = augmentation, measure, progress
        self._objective = build_objective(settings.loss, dataset)
        self._valid_objective = plain_objective(dataset)
        self._evaluate = EvaluationSteps(model, self._valid_objective, dataset.validation, jit_compile=False)
        self._steps = steps_per_epoch(dataset, settings, augmentation)
        self._curve: list[Epoch] = []
        self._best: Sequence[Any] = ()
        self._stopped: str | None = None
        self._began = self._epoch_began = time.perf_counter()
        self.keep: Callable[[checkpoint.Checkpoint], None] | None = None
        # Not with Keras 2's function of that name, after which it draws seeds in a way that Python 3.12 refuses.
        keras.utils.set_random_seed(seed)
        metrics = [_accuracy] if dataset.task == "classification" else []
        model.compile(_optimizer(settings.optimizer), self._loss, metrics=metrics)
        model.optimizer.build(model.trainable_variables)

    def _loss(self, targets: Any, outputs: Any) -> Any:
        return self._objective.losses(outputs, tf.reshape(targets, [-1]))

    def run(self, callbacks: Sequence[Any], restore_best: bool) -> TfKerasFit:
        """Trains the epochs that are left."""
        self._ask_to_stop()
        if self._stopped is None and len(self._curve) < self._settings.epochs:
            own = tf_keras().callbacks.LambdaCallback(
                on_epoch_begin=lambda epoch, logs: self._epoch_begins(),
                on_batch_begin=lambda batch, logs: self._set_rate(batch),
                on_batch_end=self._batch_ends,
                on_epoch_end=lambda epoch, logs: self._epoch_ends(logs),
            )
            self._model.fit(
                self._batches(),
                epochs=self._settings.epochs,
                initial_epoch=len(self._curve),
                steps_per_epoch=self._steps,
                callbacks=[*callbacks, own],
                verbose=0,
            )
        if restore_best and self._best:
            _assign(self._model.variables, self._best)
        return TfKerasFit(tuple(self._curve), self._stopped or "completed", len(self._curve) * self._steps)

    def _batches(self) -> Any:
        """The batches of all epochs that are left, one after another."""

        def produce() -> Iterator[Batch]:
            for number in range(len(self._curve), self._settings.epochs):
                rng = np.random.default_rng((self._seed, number))
                change = self._augmentation
                used = change if change.changes_images or change.copies > 1 else None
                batches = epoch_batches(
                    self._data.train, self._settings.batch_size, rng, used, self._data.mean.tolist()
                )
                for x, y in batches:
                    yield x.astype(np.float32), y

        split = self._data.train
        x = tf.TensorSpec((None, *split.x.shape[1:]), tf.float32)
        return tf.data.Dataset.from_generator(produce, output_signature=(x, tf.TensorSpec((None,), split.y.dtype)))

    def _epoch_begins(self) -> None:
        self._epoch_began = time.perf_counter()

    def _set_rate(self, batch: int) -> None:
        total, step = self._settings.epochs * self._steps, len(self._curve) * self._steps + batch
        rates = learning_rates(self._settings.schedule, self._settings.optimizer.learning_rate, total, step, 1)
        self._model.optimizer.learning_rate.assign(rates[0])

    def _batch_ends(self, batch: int, logs: Mapping[str, float]) -> None:
        if not math.isfinite(logs["loss"]):
            self._end("diverged")
        late = self._settings.max_seconds is not None and batch % STEPS_BETWEEN_LOOKS == 0
        if late and time.perf_counter() - self._began > (self._settings.max_seconds or 0.0):
            self._end("out_of_time")

    def _end(self, reason: str) -> None:
        self._stopped = reason
        self._model.stop_training = True

    def _epoch_ends(self, logs: Mapping[str, float]) -> None:
        if self._stopped is not None:
            return
        seconds = time.perf_counter() - self._epoch_began
        metric = self._objective.metric
        # The squared error is the loss itself, before it is brought back to raw units.
        score = logs["_accuracy"] if metric == "accuracy" else self._objective.summary(max(logs["loss"], 0.0))
        epoch = {"epoch": float(len(self._curve) + 1), "train_loss": float(logs["loss"]), f"train_{metric}": score}
        valid = measured(self._evaluate, self._valid_objective, self._data.validation, EVALUATION_BATCH)
        epoch |= {f"valid_{key}": value for key, value in valid.items()}
        epoch["learning_rate"] = float(self._model.optimizer.learning_rate.numpy())
        epoch |= {"seconds": seconds, "images_per_second": len(self._data.train) / max(seconds, 1e-9)}
        epoch |= {} if self._measure is None else self._measure()
        if not all(map(math.isfinite, valid.values())):
            self._end("diverged")
            return
        self._curve.append(epoch)
        if best_epoch(self._curve, metric, self._objective.higher_is_better) == len(self._curve):
            self._best = _values(self._model.variables)
        if self.keep is not None:
            self.keep(self._state())
        if self._progress is not None:
            self._progress({**epoch, "epochs": self._settings.epochs})
        self._ask_to_stop()

    def _ask_to_stop(self) -> None:
        patience = self._settings.patience
        if patience is not None and stale_epochs(self._curve) >= patience:
            self._end("early_stopping")

    def _state(self) -> checkpoint.Checkpoint:
        return checkpoint.Checkpoint(
            weights=_values(self._model.variables),
            optimizer=_values(self._model.optimizer.variables),
            best=self._best,
            curve=tuple(self._curve),
            seconds={},
        )

    def restore(self, state: checkpoint.Checkpoint | None) -> None:
        """Goes to the end of the epoch in which `state` was taken; None: to the beginning."""
        if state is None:
            return
        _assign(self._model.variables, state.weights)
        _assign(self._model.optimizer.variables, state.optimizer)
        self._best, self._curve = state.best, list(state.curve)


def _accuracy(targets: Any, outputs: Any) -> Any:
    hits = tf.equal(tf.argmax(outputs, axis=-1), tf.cast(tf.reshape(targets, [-1]), tf.int64))
    return tf.cast(hits, tf.float32)


def _optimizer(settings: OptimizerSettings) -> Any:
    """The optimizer of Keras 2 with the formula and defaults that `build_optimizer` has."""
    optimizers = tf_keras().optimizers
    classes = {
        "sgd": "SGD", "momentum": "SGD", "nesterov": "SGD", "rmsprop": "RMSprop", "adam": "Adam", "adagrad": "Adagrad",
        "nadam": "Nadam", "adadelta": "Adadelta", "adamw": "AdamW", "lion": "Lion",
    }  # fmt: skip
    made = getattr(optimizers, classes[settings.name], None)
    if made is None:
        raise ConfigError(f"training.optimizer={settings.name}: Keras 2, which tfmot trains with, does not have it.")
    options: dict[str, Any] = {"learning_rate": settings.learning_rate, "weight_decay": settings.weight_decay}
    options["global_clipnorm"] = settings.clip_norm
    if settings.name in WITH_MOMENTUM:
        options["momentum"] = settings.momentum or 0.0
    if settings.name == "nesterov":
        options["nesterov"] = True
    return made(**options)


def _values(variables: Sequence[Any]) -> list[Any]:
    return [np.array(variable) for variable in variables]


def _assign(variables: Sequence[Any], values: Sequence[Any]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
