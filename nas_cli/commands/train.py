"""`nas train`: train one network with the full budget."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import click

from nas_cli.commands.carry_out import carry_out, ended
from nas_cli.commands.completion import complete_models
from nas_cli.commands.network_run import network_options, run_network
from nas_cli.commands.options import quoted
from nas_cli.commands.parallel import Note, join_ring
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
@click.option(
    "--model", help="Zoo name, run folder, .keras file or architecture .json file.  [paper3_cnn]",
    shell_complete=complete_models,
)  # fmt: skip
@network_options(*GROUPS)
def command(model: str | None, **given: Any) -> None:
    """Train one network with the full budget.

    Checkpoints after every epoch; the test set is used once, at the end.
    """
    extra = [] if model is None else [f"model.name={quoted(model)}"]
    run_network("train", GROUPS, given, extra, predict, execute, follow)


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
    from nas_cli.commands.start import opened, prepared, start_head
    from nas_cli.training import precision
    from nas_cli.training.full_training import FullTraining

    dataset = prepared(config, run, note)
    arithmetic = precision.apply(config.training.precision)
    model = opened(config, dataset, note)
    job = FullTraining(model, dataset, config.training, config.augmentation, config.seed, ring)
    cost = job.cost()
    start = {
        **start_head("train", config, dataset),
        "precision": arithmetic,
        "processes": job.ring.size,
        "cost": {"flops": cost.flops, "macs": cost.macs, "params": cost.params},
    }
    return job, start
