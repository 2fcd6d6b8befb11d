"""The fit loop of every command."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from nas_cli.data.batches import batches_per_epoch, epoch_batches
from nas_cli.data.dataset import Dataset
from nas_cli.data.settings import AugmentationSettings
from nas_cli.distributed.ring import OneProcess, Ring, agreed
from nas_cli.distributed.stop_request import StopRequest
from nas_cli.errors import ConfigError
from nas_cli.models.adapted import settle_all
from nas_cli.training import checkpoint
from nas_cli.training.evaluation import evaluate, measured
from nas_cli.training.feed import Pace, chunks, rate
from nas_cli.training.losses import build_objective, plain_objective
from nas_cli.training.optimizers import build_optimizer
from nas_cli.training.penalty import Penalty, StatefulPenalty
from nas_cli.training.precision import has_gpu
from nas_cli.training.replicas import diverge, settle
from nas_cli.training.result import Epoch, FitResult, Progress, best_epoch, stale_epochs
from nas_cli.training.schedules import learning_rates
from nas_cli.training.settings import TrainingSettings
from nas_cli.training.steps import EvaluationSteps, TrainSteps, prepared_optimizer, total
from nas_cli.training.teaching import Teaching
from nas_cli.training.tensorboard import TensorBoardLog

__all__ = ["FitResult", "evaluate", "fit"]

EVALUATION_BATCH = 4
"""Evaluation batches are this much larger than training batches: no gradients, so no kept feature maps."""


def fit(
    model: Any,
    dataset: Dataset,
    settings: TrainingSettings,
    augmentation: AugmentationSettings,
    seed: int,
    *,
    checkpoints: Path | None = None,
    progress: Progress | None = None,
    log_dir: Path | None = None,
    penalty: Penalty | None = None,
    stop: Callable[[Epoch], str | None] | None = None,
    max_steps: int | None = None,
    validate: bool = True,
    ring: Ring | None = None,
    done: int = 0,
    teaching: Teaching | None = None,
) -> FitResult:
    """Trains `model` in place on the training split and scores it on the validation split after every epoch.

    The model takes raw inputs and gives logits (batch, classes), or one standardised value (batch, 1). The order of
    examples and their augmentation depend on (seed, epoch) only. With `checkpoints`, a folder, the state is kept
    after every epoch, and a call on the same folder continues where the last one ended, as if it never had.
    The test split is not read. A `penalty` is minimised with the loss, and is not in the losses reported.
    `stop` is asked after every epoch, also after those of a checkpoint: its first reason ends the training.
    With `max_steps` an epoch is that many steps on examples drawn anew, where the training split has more.
    Without `validate` the curve has no validation values, and nothing can be chosen by them.
    `done`: epochs of `settings.epochs` that the model had in an earlier training; the numbers of the epochs, the
    learning rates and the order of examples go on behind them, the optimizer's state begins anew.
    With a `teaching` the training loss is that of a student; what is measured on the validation split stays.

    All processes of a `ring` make this call with equal arguments and end with equal weights, bit for bit, and the
    same curve. Each takes its share of a step of `batch_size` · `ring.begun` examples: they follow the weights of one
    process with such batches, but for batch normalisation, over a process's own examples, and for dropout's masks. Only
    rank 0 reads checkpoints, writes, and calls `progress`; its clock and its Ctrl-C decide for all.

    Raises:
        ConfigError: settings that do not fit the task, the optimizer or the ring.
        RunError: the checkpoint belongs to another training, or cannot be written; the processes' weights differ.
    """
    ring = ring or OneProcess()
    if ring.rank:
        checkpoints = progress = log_dir = None
    with StopRequest(ring) as request:
        further = (penalty, stop, max_steps, validate, ring, request, done, teaching)
        training = _Training(model, dataset, settings, augmentation, seed, *further)
        log = TensorBoardLog(log_dir if settings.tensorboard else None)
        parts = (settings, augmentation, seed, dataset.split_digest, checkpoint.structure(model))
        identity = checkpoint.fingerprint(*parts, *_unusual(max_steps, ring.begun, done, teaching))
        training.restore(None if checkpoints is None else checkpoint.load(checkpoints, identity))
        while training.stopped is None:
            epoch = training.run_epoch()
            if epoch is None:
                break
            log.write(epoch)
            if checkpoints is not None:
                checkpoint.save(checkpoints, training.state(), identity)
            if progress is not None:
                progress({**epoch, "epochs": settings.epochs})
        log.close()
        return training.finish()


def _unusual(max_steps: int | None, processes: int, done: int, teaching: Teaching | None) -> tuple[Any, ...]:
    """What further tells a training from others; empty for one process that trains whole epochs from the first, and
    from labels alone."""
    taught = () if teaching is None else (teaching.identity,)
    steps = () if max_steps is None else (max_steps,)
    several = () if processes == 1 else (f"{processes} processes",)
    return (*steps, *several, *((f"behind {done} epochs",) if done else ()), *taught)


@final
class _Training:
    """A training between two epochs: everything in it is in a checkpoint or follows from the arguments."""

    def __init__(
        self,
        model: Any,
        dataset: Dataset,
        settings: TrainingSettings,
        augmentation: AugmentationSettings,
        seed: int,
        penalty: Penalty | None,
        stop: Callable[[Epoch], str | None] | None,
        max_steps: int | None,
        validate: bool,
        ring: Ring,
        request: StopRequest,
        done: int,
        teaching: Teaching | None,
    ) -> None:
        self._began = time.perf_counter()
        objective, live = build_objective(settings.loss, dataset), None
        # What is trained has the weights of `model`, and may have more of its own, for the features of a teacher.
        trained = model
        if teaching is not None:
            dataset, objective, live = teaching.examples(dataset), teaching.objective(objective), teaching.live
            trained = model if teaching.network is None else teaching.network
        self._model, self._data, self._settings, self._seed = trained, dataset, settings, seed
        self._augmentation, self._stop, self._max_steps = augmentation, stop, max_steps
        self._validate, self._ring, self._request, self._done = validate, ring, request, done
        self._batch_size = settings.batch_size * ring.begun
        self._objective = objective
        self._valid_objective = plain_objective(dataset)
        self._optimizer = prepared_optimizer(build_optimizer(settings.optimizer), trained)
        self._penalty_state = [*penalty.variables] if isinstance(penalty, StatefulPenalty) else []
        jit = _compiles(settings, ring)
        self._train = TrainSteps(trained, objective, self._optimizer, dataset.train, jit, penalty, ring, live)
        self._evaluate = EvaluationSteps(model, self._valid_objective, dataset.validation, jit)
        self._pace, self._evaluation_pace = Pace(jit), Pace(jit)
        self._curve: list[Epoch] = []
        self._best: Sequence[NDArray[Any]] = ()
        self._before: Mapping[str, float] = {"train": 0.0, "evaluation": 0.0, "total": 0.0}
        self._failure: str | None = None
        self._asked_to_stop: str | None = None

    @property
    def stopped(self) -> str | None:
        """Why the training is over; None if it is not."""
        if self._failure is not None:
            return self._failure
        if self._done + len(self._curve) >= self._settings.epochs:
            return "completed"
        if self._settings.patience is not None and stale_epochs(self._curve) >= self._settings.patience:
            return "early_stopping"
        return self._asked_to_stop

    def run_epoch(self) -> Epoch | None:
        """Trains and evaluates one epoch; None if it diverged, or time ended before its first step."""
        number, before, timed = self._done + len(self._curve), self._elapsed(), self._pace.timed
        diverge(self._model, self._ring)
        trained, share = self._pass(number)
        if trained is None:
            return None
        settle(self._model, self._optimizer, self._ring, number + 1)
        valid = self._validated() if self._validate else {}
        if not all(map(math.isfinite, valid.values())):
            self._failure = "diverged"
            return None
        epoch = {"epoch": float(number + 1)}
        epoch |= {f"train_{key}": value for key, value in trained.items()}
        epoch |= {f"valid_{key}": value for key, value in valid.items()}
        epoch["learning_rate"] = float(self._rates(number * self._steps, 1)[0])
        epoch |= {"seconds": self._elapsed() - before, "images_per_second": rate(self._pace.timed, timed)}
        self._curve.append(agreed(self._ring, epoch if share == 1.0 else epoch | {"share": share}))
        if self._best_epoch() == len(self._curve) and self._settings.restore_best:
            self._best = _values(self._model.variables)
        self._ask_to_stop(self._curve[-1])
        return self._curve[-1]

    def _validated(self) -> Mapping[str, float]:
        split, size = self._data.validation, self._settings.batch_size * EVALUATION_BATCH
        return measured(self._evaluate, self._valid_objective, split, size, self._evaluation_pace, self._ring)

    def _ask_to_stop(self, epoch: Epoch) -> None:
        if self._stop is not None and self._asked_to_stop is None:
            self._asked_to_stop = agreed(self._ring, self._stop(epoch))

    def _pass(self, number: int) -> tuple[Mapping[str, float] | None, float]:
        """Mean loss and metric over the epoch's examples, None if diverged or none seen, and the share done."""
        loss = score = 0.0
        seen, step = 0, number * self._steps
        self._pace.begin()
        for x, y in chunks(self._batches(number), self._pace.steps, self._pace.jit):
            if self._time_is_up():
                self._failure = "out_of_time"
                break
            sums = self._train(x, y, self._rates(step, len(y)))
            self._pace.lap(len(y), y.size)
            loss, score = total(sums[0], loss), total(sums[1], score)
            if not math.isfinite(loss):
                self._failure = "diverged"
                return None, 0.0
            seen, step = seen + y.size, step + len(y)
        if not seen:
            return None, 0.0
        summary = {"loss": loss / seen, self._objective.metric: self._objective.summary(score / seen)}
        return summary, seen / self._examples

    def _batches(self, number: int) -> Any:
        rng = np.random.default_rng((self._seed, number))
        change = self._augmentation if self._augmentation.changes_images or self._augmentation.copies > 1 else None
        batches = epoch_batches(self._data.train, self._batch_size, rng, change, self._data.mean.tolist())
        return islice(batches, self._steps)

    @property
    def _steps(self) -> int:
        return self._whole if self._max_steps is None else min(self._whole, self._max_steps)

    @property
    def _whole(self) -> int:
        """The steps that all examples of the training split give."""
        return batches_per_epoch(len(self._data.train), self._batch_size, self._augmentation.copies)

    @property
    def _examples(self) -> int:
        """How many examples an epoch's steps have; only the last of all batches is smaller, or larger, than others."""
        if self._steps < self._whole:
            return self._steps * self._batch_size
        return len(self._data.train) * self._augmentation.copies

    def _rates(self, first: int, count: int) -> NDArray[np.float32]:
        total = self._settings.epochs * self._steps
        return learning_rates(self._settings.schedule, self._settings.optimizer.learning_rate, total, first, count)

    def _best_epoch(self) -> int:
        return best_epoch(self._curve, self._objective.metric, self._objective.higher_is_better)

    def _elapsed(self) -> float:
        return self._before["total"] + time.perf_counter() - self._began

    def _time_is_up(self) -> bool:
        """True if all processes have to end here; tells them also the length of the next chunk but one."""
        if self._ring.size == 1:
            return self._out_of_time()
        given = [self._request.asked, self._out_of_time(), self._pace.own_steps()]
        interrupted, over, self._pace.told = agreed(self._ring, given)
        if interrupted:
            raise KeyboardInterrupt
        return bool(over)

    def _out_of_time(self) -> bool:
        return self._settings.max_seconds is not None and self._elapsed() > self._settings.max_seconds

    @property
    def _optimizer_state(self) -> Sequence[Any]:
        """What steps change beside the model: the optimizer's variables and those of the penalty."""
        return [*self._optimizer.variables, *self._penalty_state]

    def state(self) -> checkpoint.Checkpoint:
        """Everything that a continuation needs."""
        return checkpoint.Checkpoint(
            weights=_values(self._model.variables),
            optimizer=_values(self._optimizer_state),
            best=self._best,
            curve=tuple(self._curve),
            seconds=self._seconds(),
        )

    def restore(self, state: checkpoint.Checkpoint | None) -> None:
        """Goes to the end of the epoch in which `state`, that of rank 0, was taken; None: to the beginning."""
        if state is not None:
            _assign(self._model.variables, state.weights)
            _assign(self._optimizer_state, state.optimizer)
            self._best = state.best
        past = agreed(self._ring, None if state is None else [list(state.curve), dict(state.seconds)])
        self._ring.broadcast([*self._model.variables, *self._optimizer_state])
        settle_all(self._model)
        if past is not None:
            self._curve, self._before = past
        for epoch in self._curve:
            self._ask_to_stop(epoch)

    def finish(self) -> FitResult:
        """The result; the model gets its best weights back if the settings say so."""
        if self._settings.restore_best and self._best:
            _assign(self._model.variables, self._best)
        # After a restart rank 0 alone may have the best weights; and a diverged training has settled nothing.
        self._ring.broadcast(self._model.variables)
        settle_all(self._model)
        seconds = self._seconds()
        return FitResult(
            curve=tuple(self._curve),
            stopped=self.stopped or "completed",
            train_seconds=seconds["train"],
            evaluation_seconds=seconds["evaluation"],
            compile_seconds=self._pace.compile_seconds + self._evaluation_pace.compile_seconds,
            images_per_second=rate(self._pace.timed),
            best_epoch=self._best_epoch(),
        )

    def _seconds(self) -> Mapping[str, float]:
        return {
            "train": self._before["train"] + self._pace.seconds,
            "evaluation": self._before["evaluation"] + self._evaluation_pace.seconds,
            "total": self._elapsed(),
        }


def _compiles(settings: TrainingSettings, ring: Ring) -> bool:
    """Whether XLA compiles the steps; it cannot compile what the processes of a ring say to one another."""
    if ring.size == 1:
        return settings.jit_compile == "true" or (settings.jit_compile == "auto" and has_gpu())
    if settings.jit_compile == "true":
        raise ConfigError(f"training.jit_compile=true with {ring.size} processes: must be auto or false.")
    return False


def _values(variables: Sequence[Any]) -> list[NDArray[Any]]:
    return [np.array(variable) for variable in variables]


def _assign(variables: Sequence[Any], values: Sequence[NDArray[Any]]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
