"""`nas prune`: take weights, neurons or filters out of a network, and train what is left."""

import logging
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

import click

from nas_cli.commands.carry_out import begun, carry_out, ended
from nas_cli.commands.dispatch import dispatch
from nas_cli.commands.options import group_options, kept, quoted, run_options
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
from nas_cli.config import PruneConfig
from nas_cli.distributed.ring import Ring
from nas_cli.errors import ConfigError

EXAMPLES = """\b
Examples:
  nas prune --model resnet20 --dataset cifar10 prune.criterion=taylor prune.granularity=filter prune.sparsity=0.5
  nas prune --model results/runs/train-20260102-030405-abcdef --dataset cifar10 --prune filters loop.random=true
  nas prune --model my.keras --dataset mnist prune.sparsity=0.9 prune.rounds=5 prune.spread=global
  nas prune --model lenet_300_100 --dataset mnist --prune lottery_ticket loop.baseline=true
  nas prune --resume results/runs/prune-20260102-030405-abcdef
"""

GROUPS = (
    "dataset", "augmentation", "prune", "training/optimizer", "training/loss", "training/schedule", "experiment",
)  # fmt: skip


@click.command("prune", epilog=EXAMPLES)
@click.option("--model", help="Zoo name, run folder, .keras file or architecture .json file.  [resnet20]")
@click.option("--weights", help="Weights to begin with: imagenet, or a file.  [fresh; a run's or .keras file's own]")
@group_options(*GROUPS)
@click.option("--tensorboard", is_flag=True, help="Write TensorBoard logs into the run folder.")
@parallel_options
@run_options
def command(model: str | None, weights: str | None, tensorboard: bool, **given: Any) -> None:
    """Take weights, neurons or filters out of a network, and train what is left.

    Round by round: scores what is left (prune.criterion: magnitude, taylor, obd, activation, random), removes the least
    of it (prune.granularity: weight, neuron, filter or unit; prune.sparsity, or prune.target=flops with
    prune.reduction), and trains for prune.fine_tune epochs. Weights that are gone stay zero; neurons and filters are
    taken out of the network. A network with fresh weights is trained for training.epochs first. Writes
    best/model.keras, tables of rounds and layers, and measured times before and after.
    """
    extra = [] if weights is None else [f"model.weights={quoted(weights)}"]
    if model is not None:
        extra += [f"model.name={quoted(model)}", *kept(model, [*given["overrides"], *extra])]
    extra += ["training.tensorboard=true"] if tensorboard else []
    asked, wanted = asked_processes(given), request("prune", GROUPS, given, extra)
    together = Together(memory_bytes=training_memory, prepare=prepare_data, follow=follow)
    dispatch(wanted, in_parallel(wanted, Actions(predict=examine, execute=execute), asked, together))


def predict(config: PruneConfig) -> list[str]:
    """Lines that say what the run will cost, as far as that is known without building the network."""
    from nas_cli.commands.prediction import predict_prune

    return predict_prune(config)


def examine(config: PruneConfig) -> list[str]:
    """The same, and what can be removed of the built network."""
    from nas_cli.commands.start import examined

    lines, model = predict(config), examined(config)
    from nas_cli.prune.prospect import prospect_line

    return [*lines, prospect_line(model, config.model.name, config.prune)]


def execute(config: PruneConfig, run: Any) -> Mapping[str, Any]:
    """The summary of the run, begun or continued."""
    from nas_cli.commands.prune_progress import PruneProgress

    work = partial(_prune, config, run)
    return carry_out("prune", run, PruneProgress(), lambda: [] if begun(run) else predict(config), work, _say)


def follow(config: PruneConfig, run: Any) -> None:
    """Do the same in a process that is not the first of several, which alone writes the run."""
    if not ended(run):
        ring = _join(config)
        from nas_cli.prune.loop import run_prune

        job, _ = _job(config, run, ring, lambda line: None)
        run_prune(run, job, {}, lambda event: None, time.time(), ring)


def _prune(config: PruneConfig, run: Any, progress: Any, launched: float) -> Mapping[str, Any]:
    ring = _join(config)
    from nas_cli.prune.loop import run_prune

    job, start = _job(config, run, ring, progress.note)
    return run_prune(run, job, start, progress.on_event, launched, ring)


def _join(config: PruneConfig) -> Ring:
    # Every phase has a network and graphs of its own, which TensorFlow takes for one that is traced over and over.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    ring = join_ring(config)
    if ring.size > 1 and config.prune.engine == "tfmot":
        raise ConfigError("prune.engine=tfmot trains in one process: leave out -np, or take prune.engine=own.")
    return ring


def _job(config: PruneConfig, run: Any, ring: Ring, note: Note) -> tuple[Any, dict[str, Any]]:
    """What is to be done, and the start event of a run that has not begun: then the network is opened and examined."""
    from nas_cli.commands.start import opened, prepared
    from nas_cli.prune.loop import Pruning
    from nas_cli.training import precision

    dataset = prepared(config, run, note)
    arithmetic = precision.apply(config.training.precision)
    opens = ring.rank == 0 and not begun(run)
    job = Pruning(
        model=opened(config, dataset, note) if opens else None,
        trained=has_weights(config),
        dataset=dataset,
        training=config.training,
        augmentation=config.augmentation,
        prune=config.prune,
        loop=config.loop,
        seed=config.seed,
    )
    return job, {**_start(config, job, note), "precision": arithmetic, "processes": ring.size} if opens else {}


def has_weights(config: PruneConfig) -> bool:
    """Whether the network comes with weights that are not fresh."""
    return config.model.keep_weights or config.model.weights is not None


def _start(config: PruneConfig, job: Any, note: Note) -> dict[str, Any]:
    from nas_cli.commands.start import dataset_block
    from nas_cli.costs.before_after import layer_rows
    from nas_cli.costs.target_device import device_block, target_device
    from nas_cli.models.reference import find_architecture
    from nas_cli.prune.prospect import prospect_line
    from nas_cli.prune.removal import size_block
    from nas_cli.prune.summary import SAID
    from nas_cli.runs.identity import config_digest
    from nas_cli.schema import plain

    note(prospect_line(job.model, config.model.name, config.prune))
    data = job.dataset
    network = find_architecture(config.model.name, data.input_shape, data.classes, config.model.width)
    return {
        "command": "prune",
        "config_digest": config_digest(plain(config)),
        "dataset": dataset_block(data),
        "model": config.model.name,
        **{key: getattr(config.prune, key) for key in SAID},
        "device": device_block(target_device(config.prune.target, config.prune.device)),
        "architecture": None if network is None else network.to_json(),
        **size_block(job.model),
        "layers": layer_rows(job.model),
    }


def _say(summary: Mapping[str, Any], run: Any, progress: Any) -> None:
    from nas_cli.reports.pruning import pruned_lines

    for line in pruned_lines(summary["prune"]):
        progress.note(line)
    progress.note(f"network: {run.best / 'model.keras'}")
    progress.note(f"report: {run.path / 'report.html'}")
