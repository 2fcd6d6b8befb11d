"""A full-budget training as a run: begins, checkpoints, resumes, tests once, and writes the journal."""

import errno
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nas_cli.costs.cost import Cost
from nas_cli.costs.keras_cost import model_cost
from nas_cli.data.dataset import Dataset
from nas_cli.data.settings import AugmentationSettings
from nas_cli.distributed.ring import OneProcess, Ring
from nas_cli.errors import RunError
from nas_cli.runs.files import is_full, move_durably, refusal
from nas_cli.runs.folder import RunFolder
from nas_cli.runs.interruption import Interrupted, stoppable, unstoppable
from nas_cli.runs.journal import Journal
from nas_cli.runs.sessions import wall_seconds
from nas_cli.training.fit import FitResult, evaluate, fit
from nas_cli.training.settings import TrainingSettings
from nas_cli.training.teaching import Teaching

VERSION = 1

Event = Mapping[str, Any]


@dataclass(frozen=True)
class FullTraining:
    """What is trained, on what, how, and by which processes together.

    `teaching`: the teacher's part, None without one. `further`: what the test event says besides, measured once.
    """

    model: Any
    dataset: Dataset
    training: TrainingSettings
    augmentation: AugmentationSettings
    seed: int
    ring: Ring = field(default_factory=OneProcess)
    teaching: Teaching | None = None
    further: Callable[[], Mapping[str, Any]] = dict

    def cost(self) -> Cost:
        """The cost of the model on one example."""
        return model_cost(self.model)


def run_training(
    run: RunFolder, job: FullTraining, start: Event, on_epoch: Callable[[Event], None], launched: float
) -> dict[str, Any]:
    """The summary of the finished training; begins it, or continues it from its last checkpoint.

    The caller holds the run's lock. `start` holds command, config_digest, dataset and model for the start event;
    `launched` is when the process began to work for this run (unix seconds).

    Raises:
        Interrupted: after Ctrl-C or SIGTERM; the run can be resumed.
        KeyboardInterrupt: the same before the first event.
        RunError: if the training diverged, or the disk is full.
    """
    events = run.events()
    if not any(event["event"] == "end" for event in events):
        with stoppable(), run.journal() as journal:
            try:
                _carry_out(run, journal, events, job, start, on_epoch, launched)
            except KeyboardInterrupt as error:
                if not run.events():
                    raise
                with unstoppable():
                    journal.append({"event": "stop", "status": "interrupted", "reason": "interrupted"})
                    run.write_json("summary.json", summarise(run.events()))
                command = start.get("command", "train")
                raise Interrupted(f"interrupted: continue with  nas {command} --resume {run.path}") from error
    summary = summarise(run.events())
    run.write_json("summary.json", summary)
    run.remove(run.data)
    run.remove(run.path / "checkpoints")
    return summary


def _carry_out(
    run: RunFolder,
    journal: Journal,
    events: Sequence[Event],
    job: FullTraining,
    start: Event,
    on_epoch: Callable[[Event], None],
    launched: float,
) -> None:
    kind = {"event": "resume"} if events else {"event": "start", "version": VERSION, "seed": job.seed, **start}
    journal.append({**kind, "launched": launched})
    known = {int(event["epoch"]) for event in events if event["event"] == "epoch"}

    def record(epoch: Mapping[str, float]) -> None:
        # A checkpoint and its journal line are two writes: after a kill between them the epoch comes again.
        if int(epoch["epoch"]) not in known:
            known.add(int(epoch["epoch"]))
            on_epoch(journal.append({"event": "epoch", **epoch}))

    result = fit(
        job.model,
        job.dataset,
        job.training,
        job.augmentation,
        job.seed,
        checkpoints=run.path / "checkpoints",
        progress=record,
        log_dir=run.path / "tensorboard" if job.training.tensorboard else None,
        ring=job.ring,
        teaching=job.teaching,
    )
    for epoch in result.curve:
        record(epoch)
    _check_converged(run, journal, result)
    # A session killed after its test: the test set is used once.
    if not any(event["event"] == "test" for event in events):
        journal.append(_tested(run, job))
    journal.append(_end(result, wall_seconds([*run.events(), {"event": "end", "time": time.time()}])))


def _check_converged(run: RunFolder, journal: Journal, result: FitResult) -> None:
    if result.stopped == "diverged":
        reason = "the loss is not finite: lower training.optimizer.learning_rate"
        journal.append({"event": "stop", "status": "failed", "reason": reason})
        run.write_json("summary.json", summarise(run.events()))
        raise RunError(f"training diverged in {run.path}, {reason}.")


def _tested(run: RunFolder, job: FullTraining) -> dict[str, Any]:
    """The test event of the trained model, which is saved first."""
    file = save(job.model, run.best / "model.keras")
    metrics = evaluate(job.model, job.dataset.test, job.dataset, job.training.batch_size)
    valid = evaluate(job.model, job.dataset.validation, job.dataset, job.training.batch_size)
    return {
        "event": "test",
        "metrics": {f"test_{name}": value for name, value in metrics.items()},
        "valid": {f"valid_{name}": value for name, value in valid.items()},
        "file_bytes": file.stat().st_size,
        **job.further(),
    }


def _end(result: FitResult, wall: float) -> dict[str, Any]:
    return {
        "event": "end",
        "stopped": result.stopped,
        "best_epoch": result.best_epoch,
        "train_seconds": result.train_seconds,
        "evaluation_seconds": result.evaluation_seconds,
        "images_per_second": result.images_per_second,
        "wall_seconds": wall,
    }


def save(model: Any, file: Path) -> Path:
    """The file, written whole or not at all, that holds the model; it is on the disk when this returns.

    Raises:
        RunError: if it cannot be written, for instance because the disk is full; an older file is then untouched.
    """
    partial = file.with_name(f"partial-{file.name}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        model.save(partial)
        move_durably(partial, file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        # h5py says only in its text that the disk is full.
        full = error.errno is None and is_full(error)
        raise refusal(OSError(errno.ENOSPC, str(error)) if full else error, file) from error
    return file


def summarise(events: Sequence[Event]) -> dict[str, Any]:
    """The content of summary.json of a training, version 1.

    Keys: version, command, status, seed, wall_seconds (over all sessions, without the pauses), trials and
    failed (0), best {id: null, valid_accuracy, test_accuracy (or _rmse), flops, params, architecture: null}, training
    {epochs, best_epoch, stopped, train_seconds, evaluation_seconds, images_per_second, dataset, model}; of a
    distillation also distill, what its start and test events say under that name.
    """
    last = {event["event"]: event for event in events}
    start, end, test = last["start"], last.get("end", {}), last.get("test")
    stop = last.get("stop")
    status = "completed" if end else (stop or {}).get("status", "interrupted")
    best = None
    if test:
        best = {"id": None, **test["valid"], **test["metrics"], **start["cost"], "architecture": None}
    return {
        "version": VERSION,
        "command": start.get("command", "train"),
        "status": status,
        "seed": start["seed"],
        "wall_seconds": wall_seconds(events),
        "trials": 0,
        "failed": 0,
        "best": best,
        "training": {
            "epochs": sum(event["event"] == "epoch" for event in events),
            **{key: end.get(key) for key in ("best_epoch", "stopped", "train_seconds", "evaluation_seconds")},
            "images_per_second": end.get("images_per_second"),
            "dataset": start["dataset"],
            "model": start["model"],
        },
        **({"distill": {**start["distill"], **(test or {}).get("distill", {})}} if "distill" in start else {}),
    }
