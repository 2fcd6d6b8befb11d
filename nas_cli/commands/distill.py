"""`nas distill`: train a network with the answers of others."""

import logging
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

import click

from nas_cli.commands.carry_out import carry_out, ended
from nas_cli.commands.completion import complete_models, complete_runs
from nas_cli.commands.network_run import network_options, run_network
from nas_cli.commands.options import quoted
from nas_cli.commands.parallel import Note, join_ring
from nas_cli.config import DistillConfig
from nas_cli.distributed.ring import Ring

EXAMPLES = """\b
Examples:
  nas distill --teacher results/runs/train-20260102-030405-abcdef --student paper3_cnn --dataset cifar10
  nas distill --teacher a.keras,b.keras,c.keras --student resnet20 --dataset cifar10 distill.combine=logits
  nas distill --teacher RUN --student lenet_300_100 --dataset mnist distill.temperature=20 distill.lambda_hard=0.1
  nas distill --teacher RUN --student self --dataset cifar10 --distill attention
  nas distill --teacher RUN --student PRUNED_RUN model.keep_weights=true --dataset cifar10 --augmentation standard
  nas distill --resume results/runs/distill-20260102-030405-abcdef
"""

GROUPS = (
    "dataset", "augmentation", "distill", "training/optimizer", "training/loss", "training/schedule", "experiment",
)  # fmt: skip
SELF = "self"


@click.command("distill", epilog=EXAMPLES)
@click.option(
    "--teacher", metavar="RUN|FILE[,...]", help="Trained networks: run folders or .keras files.",
    shell_complete=complete_runs,
)  # fmt: skip
@click.option(
    "--student",
    help="Zoo name, run folder, .keras file or architecture .json file; 'self': the teacher's network with new weights."
    "  [paper3_cnn]",
    shell_complete=complete_models,
)
@network_options(*GROUPS)
def command(teacher: str | None, student: str | None, **given: Any) -> None:
    """Train a network with the answers of others.

    Minimises lambda_hard * CE(label, student) + lambda_soft * T^2 * CE(softmax(teacher / T), softmax(student / T)),
    all under `distill`. Several teachers answer together. Their answers are computed once, or, under augmentation, in
    every step. Checkpoints after every epoch; the test set is used once, at the end.
    """
    extra = [] if teacher is None else [f"teacher=[{','.join(map(quoted, _names(teacher)))}]"]
    extra += [] if student is None else [f"model.name={quoted(_named(student, teacher))}"]
    run_network("distill", GROUPS, given, extra, predict, execute, follow)


def _named(student: str, teacher: str | None) -> str:
    if student != SELF:
        return student
    if teacher is None:
        raise click.UsageError("--student self needs --teacher, whose network it is.")
    return next(iter(_names(teacher)), "")


def _names(teachers: str) -> list[str]:
    return [name.strip() for name in teachers.split(",") if name.strip()]


def predict(config: DistillConfig) -> list[str]:
    """Lines that say what the distillation will cost; finds out without TensorFlow what can be wrong."""
    from nas_cli.commands.prediction import predict_distillation

    return predict_distillation(config)


def execute(config: DistillConfig, run: Any) -> Mapping[str, Any]:
    """The summary of the distillation in `run`, begun or continued."""
    from nas_cli.commands.progress import TrainingProgress

    work = partial(_distill, config, run)
    return carry_out("distill", run, TrainingProgress(config.training.epochs), lambda: predict(config), work, _say)


def follow(config: DistillConfig, run: Any) -> None:
    """Train in a process that is not the first of several, which alone writes the run."""
    if not ended(run):
        job, _ = _job(config, run, join_ring(config), lambda line: None)
        from nas_cli.training.fit import fit

        settings = (job.training, job.augmentation, job.seed)
        fit(job.model, job.dataset, *settings, ring=job.ring, teaching=job.teaching)


def _distill(config: DistillConfig, run: Any, progress: Any, launched: float) -> Mapping[str, Any]:
    ring = join_ring(config)
    from nas_cli.training.full_training import run_training

    job, start = _job(config, run, ring, progress.note)
    return run_training(run, job, start, progress.on_epoch, launched)


def _job(config: DistillConfig, run: Any, ring: Ring, note: Note) -> tuple[Any, dict[str, Any]]:
    """What is trained, and the start event; of a run that has begun only the command."""
    from nas_cli.commands.start import opened, prepared
    from nas_cli.distill.agreement import compared
    from nas_cli.distill.lesson import lesson
    from nas_cli.distill.teachers import open_teachers
    from nas_cli.training import precision
    from nas_cli.training.full_training import FullTraining

    # Every teacher has graphs of its own, which TensorFlow takes for one that is traced over and over.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    dataset = prepared(config, run, note)
    arithmetic = precision.apply(config.training.precision)
    # The student first: its weights come from the seed, as those of `nas train` do.
    student = opened(config, dataset, note)
    ensemble = open_teachers(config.teacher, dataset, config.distill, student, note)
    began = time.time()
    teaching = lesson(ensemble, student, dataset, config.distill, config.augmentation, run.path / "checkpoints")
    if teaching is None:
        note("distill.lambda_soft=0: the teachers are not asked, this is plain training")
    job = FullTraining(
        student, dataset, config.training, config.augmentation, config.seed, ring, teaching,
        further=lambda: {"distill": compared(ensemble, student, dataset)},
    )  # fmt: skip
    if ring.rank or run.events():
        return job, {"command": "distill"}
    return job, {**_start(config, job, ensemble, note, time.time() - began), "precision": arithmetic}


def _start(config: DistillConfig, job: Any, ensemble: Any, note: Note, seconds: float) -> dict[str, Any]:
    from nas_cli.commands.start import start_head
    from nas_cli.distill.agreement import teachers_block, warnings_of
    from nas_cli.schema import plain

    teachers, cost = teachers_block(ensemble, job.dataset), job.cost()
    for line in warnings_of(teachers, job.dataset, config.distill.inputs):
        note(line)
    cached = job.teaching is not None and job.teaching.cached is not None
    return {
        **start_head("distill", config, job.dataset),
        "processes": job.ring.size,
        "cost": {"flops": cost.flops, "macs": cost.macs, "params": cost.params},
        "distill": {
            "settings": plain(config.distill),
            "teachers": teachers,
            "cached": cached,
            "teacher_seconds": seconds if cached else None,
        },
    }


def _say(summary: Mapping[str, Any], run: Any, progress: Any) -> None:
    from nas_cli.reports.distillation import distillation_lines

    for line in distillation_lines(summary):
        progress.note(line)
    progress.note(f"network: {run.best / 'model.keras'}")
    progress.note(f"report: {run.path / 'report.html'}")
