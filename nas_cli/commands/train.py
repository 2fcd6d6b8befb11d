"""`nas train`: train one network with the full budget."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import click

from nas_cli.commands.carry_out import carry_out, ended
from nas_cli.commands.dispatch import dispatch
from nas_cli.commands.options import group_options, quoted, run_options
from nas_cli.commands.parallel import (
    Note,
    Together,
    asked_processes,
    in_parallel,
    join_ring,
    parallel_options,
    prepare_data,
    training_memory,
)
from nas_cli.commands.request import Actions, request
from nas_cli.config import TrainConfig
from nas_cli.distributed.ring import Ring

EXAMPLES = """\b
Examples:
  nas train --model resnet20 --dataset cifar10 training.epochs=50 --optimizer momentum --schedule cosine
  nas train --model results/runs/search-20260102-030405-abcdef --dataset cifar10 training.epochs=30
  nas train --model my.keras --dataset mnist model.keep_weights=true
  nas train --model resnet20 --dataset cifar10 -np 2
  nas train --resume results/runs/train-20260102-030405-abcdef
"""

GROUPS = ("dataset", "augmentation", "training/optimizer", "training/loss", "training/schedule", "experiment")


@click.command("train", epilog=EXAMPLES)
@click.option("--model", help="Zoo name, run folder, .keras file or architecture .json file.  [paper3_cnn]")
@group_options(*GROUPS)
@click.option("--tensorboard", is_flag=True, help="Write TensorBoard logs into the run folder.")
@parallel_options
@run_options
def command(model: str | None, tensorboard: bool, **given: Any) -> None:
    """Train one network with the full budget.

    Checkpoints after every epoch; the test set is used once, at the end.
    """
    extra = [] if model is None else [f"model.name={quoted(model)}"]
    extra += ["training.tensorboard=true"] if tensorboard else []
    asked, wanted = asked_processes(given), request("train", GROUPS, given, extra)
    together = Together(memory_bytes=training_memory, prepare=prepare_data, follow=follow)
    dispatch(wanted, in_parallel(wanted, Actions(predict=predict, execute=execute), asked, together))


def predict(config: TrainConfig) -> list[str]:
    """Lines that say what the training will cost; builds the model only where no architecture is known."""
    from nas_cli.commands.prediction import predict_training

    return predict_training(config)


def execute(config: TrainConfig, run: Any) -> Mapping[str, Any]:
    """The summary of the training in `run`, begun or continued."""
    from nas_cli.commands.progress import TrainingProgress

    work = partial(_train, config, run)
    return carry_out("train", run, TrainingProgress(config.training.epochs), lambda: predict(config), work, _say)


def follow(config: TrainConfig, run: Any) -> None:
    """Train in a process that is not the first of several, which alone writes the run."""
    if not ended(run):
        job, _ = _job(config, run, join_ring(config), lambda line: None)
        from nas_cli.training.fit import fit

        fit(job.model, job.dataset, job.training, job.augmentation, job.seed, ring=job.ring)


def _train(config: TrainConfig, run: Any, progress: Any, launched: float) -> Mapping[str, Any]:
    ring = join_ring(config)
    from nas_cli.training.full_training import run_training

    job, start = _job(config, run, ring, progress.note)
    return run_training(run, job, start, progress.on_epoch, launched)


def _say(summary: Mapping[str, Any], run: Any, progress: Any) -> None:
    best = summary["best"]
    measures = {name: value for name, value in best.items() if name.endswith(("accuracy", "rmse"))}
    shown = ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in measures.items())
    progress.note(f"{shown}, {best['flops'] / 1e6:.1f} MFLOPs, {best['params']:,} parameters")
    progress.note(f"report: {run.path / 'report.html'}")


def _job(config: TrainConfig, run: Any, ring: Ring, note: Note) -> tuple[Any, dict[str, Any]]:
    from nas_cli.commands.start import dataset_block, opened, prepared
    from nas_cli.runs.identity import config_digest
    from nas_cli.schema import plain
    from nas_cli.training import precision
    from nas_cli.training.full_training import FullTraining

    dataset = prepared(config, run, note)
    arithmetic = precision.apply(config.training.precision)
    model = opened(config, dataset, note)
    job = FullTraining(model, dataset, config.training, config.augmentation, config.seed, ring)
    cost = job.cost()
    start = {
        "command": "train",
        "config_digest": config_digest(plain(config)),
        "dataset": dataset_block(dataset),
        "model": config.model.name,
        "precision": arithmetic,
        "processes": job.ring.size,
        "cost": {"flops": cost.flops, "macs": cost.macs, "params": cost.params},
    }
    return job, start
