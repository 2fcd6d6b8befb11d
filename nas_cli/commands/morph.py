"""`nas morph`: shrink a network where it spends for nothing, and train the smaller one."""

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
from nas_cli.config import MorphConfig
from nas_cli.distributed.ring import Ring

EXAMPLES = """\b
Examples:
  nas morph --model resnet20 --dataset cifar10 morph.reduction=0.5
  nas morph --model inception_v2 --dataset tiny_imagenet morph.target=flops morph.reduction=0.3 loop.baseline=true
  nas morph --model results/runs/train-20260102-030405-abcdef --dataset cifar10 morph.target=latency
  nas morph --model my.keras --dataset mnist morph.multiplier=3 morph.round_to=8 loop.iterations=2 morph.expand=1
  nas morph --resume results/runs/morph-20260102-030405-abcdef
"""

GROUPS = (
    "dataset", "augmentation", "morph", "training/optimizer", "training/loss", "training/schedule", "experiment",
)  # fmt: skip


@click.command("morph", epilog=EXAMPLES)
@click.option("--model", help="Zoo name, run folder, .keras file or architecture .json file.  [resnet20]")
@click.option("--weights", help="Weights to begin with: imagenet, or a file.  [fresh; a run's or .keras file's own]")
@group_options(*GROUPS)
@click.option("--tensorboard", is_flag=True, help="Write TensorBoard logs into the run folder.")
@parallel_options
@run_options
def command(model: str | None, weights: str | None, tensorboard: bool, **given: Any) -> None:
    """Shrink a network where it spends for nothing, and train the smaller one.

    MorphNet: trains with a cost on channels (morph.target: flops, params, activation_memory or latency), removes those
    that die (or as many as morph.reduction=0.5 asks for), and trains the smaller network for training.epochs. Writes
    best/model.keras, a table of layers, and measured times before and after. A run or .keras file given as --model
    keeps its weights; model.keep_weights=false draws new ones.
    """
    extra = [] if weights is None else [f"model.weights={quoted(weights)}"]
    if model is not None:
        extra += [f"model.name={quoted(model)}", *kept(model, [*given["overrides"], *extra])]
    extra += ["training.tensorboard=true"] if tensorboard else []
    asked, wanted = asked_processes(given), request("morph", GROUPS, given, extra)
    together = Together(memory_bytes=training_memory, prepare=prepare_data, follow=follow)
    dispatch(wanted, in_parallel(wanted, Actions(predict=examine, execute=execute), asked, together))


def predict(config: MorphConfig) -> list[str]:
    """Lines that say what the run will cost, as far as that is known without building the network."""
    from nas_cli.commands.prediction import predict_morph

    return predict_morph(config)


def examine(config: MorphConfig) -> list[str]:
    """The same, and what can be removed of the built network."""
    from nas_cli.commands.start import examined

    lines, model = predict(config), examined(config)
    from nas_cli.costs.target_device import target_device
    from nas_cli.morph.shrunk import removable_line

    device = target_device(config.morph.target, config.morph.device)
    return [*lines, removable_line(model, config.model.name, config.morph, device)]


def execute(config: MorphConfig, run: Any) -> Mapping[str, Any]:
    """The summary of the run, begun or continued."""
    from nas_cli.commands.progress import MorphProgress

    work = partial(_morph, config, run)
    return carry_out("morph", run, MorphProgress(), lambda: [] if begun(run) else predict(config), work, _say)


def follow(config: MorphConfig, run: Any) -> None:
    """Do the same in a process that is not the first of several, which alone writes the run."""
    if not ended(run):
        ring = _join(config)
        from nas_cli.morph.loop import run_morph

        job, _ = _job(config, run, ring, lambda line: None)
        run_morph(run, job, {}, lambda event: None, time.time(), ring)


def _morph(config: MorphConfig, run: Any, progress: Any, launched: float) -> Mapping[str, Any]:
    ring = _join(config)
    from nas_cli.morph.loop import run_morph

    job, start = _job(config, run, ring, progress.note)
    return run_morph(run, job, start, progress.on_event, launched, ring)


def _join(config: MorphConfig) -> Ring:
    # Every phase has a network and graphs of its own, which TensorFlow takes for one that is traced over and over.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    return join_ring(config)


def _job(config: MorphConfig, run: Any, ring: Ring, note: Note) -> tuple[Any, dict[str, Any]]:
    """What is to be done, and the start event of a run that has not begun: then the network is opened and examined."""
    from nas_cli.commands.start import opened, prepared
    from nas_cli.morph.loop import Morphing
    from nas_cli.training import precision

    dataset = prepared(config, run, note)
    arithmetic = precision.apply(config.training.precision)
    opens = ring.rank == 0 and not begun(run)
    job = Morphing(
        model=opened(config, dataset, note) if opens else None,
        trained=config.model.keep_weights or config.model.weights is not None,
        dataset=dataset,
        training=config.training,
        augmentation=config.augmentation,
        morph=config.morph,
        loop=config.loop,
        seed=config.seed,
    )
    return job, {**_start(config, job, note), "precision": arithmetic, "processes": ring.size} if opens else {}


def _start(config: MorphConfig, job: Any, note: Note) -> dict[str, Any]:
    from nas_cli.commands.start import dataset_block
    from nas_cli.costs.before_after import cost_block, layer_rows
    from nas_cli.costs.keras_cost import model_cost
    from nas_cli.costs.target_device import device_block, target_device
    from nas_cli.models.reference import find_architecture
    from nas_cli.morph.shrunk import removable_line
    from nas_cli.runs.identity import config_digest
    from nas_cli.schema import plain

    data, device = job.dataset, target_device(config.morph.target, config.morph.device)
    note(removable_line(job.model, config.model.name, config.morph, device))
    cost = model_cost(job.model)
    network = find_architecture(config.model.name, data.input_shape, data.classes, config.model.width)
    return {
        "command": "morph",
        "config_digest": config_digest(plain(config)),
        "dataset": dataset_block(data),
        "model": config.model.name,
        "target": config.morph.target,
        "device": device_block(device),
        "architecture": None if network is None else network.to_json(),
        "cost": cost_block(cost),
        "layers": layer_rows(job.model),
    }


def _say(summary: Mapping[str, Any], run: Any, progress: Any) -> None:
    from nas_cli.reports.shrinking import before_after_lines

    for line in before_after_lines(summary["morph"]):
        progress.note(line)
    progress.note(f"network: {run.best / 'model.keras'}")
    progress.note(f"report: {run.path / 'report.html'}")
