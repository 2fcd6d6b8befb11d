"""`nas morph`: shrink a network where it spends for nothing, and train the smaller one."""

import time
from collections.abc import Mapping
from functools import partial
from typing import Any

import click

from nas_cli.commands.carry_out import begun, carry_out, ended
from nas_cli.commands.completion import complete_models
from nas_cli.commands.network_run import network_options, run_network
from nas_cli.commands.options import named_model
from nas_cli.commands.parallel import Note
from nas_cli.commands.smaller import joined, say
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
    "dataset", "augmentation", "morph", "distill", "training/optimizer", "training/loss", "training/schedule",
    "experiment",
)  # fmt: skip


@click.command("morph", epilog=EXAMPLES)
@click.option(
    "--model", help="Zoo name, run folder, .keras file or architecture .json file.  [resnet20]",
    shell_complete=complete_models,
)  # fmt: skip
@click.option("--weights", help="Weights to begin with: imagenet, or a file.  [fresh; a run's or .keras file's own]")
@network_options(*GROUPS)
def command(model: str | None, weights: str | None, **given: Any) -> None:
    """Shrink a network where it spends for nothing, and train the smaller one.

    MorphNet: trains with a cost on channels (morph.target: flops, params, activation_memory or latency), removes those
    that die (or as many as morph.reduction=0.5 asks for), and trains the smaller network for training.epochs. Writes
    best/model.keras, a table of layers, and measured times before and after. A run or .keras file given as --model
    keeps its weights; model.keep_weights=false draws new ones. With training.teacher=self the smaller network also
    learns the answers of the trained one it was made of, as `distill` says.
    """
    chosen = named_model(model, weights, given["overrides"])
    run_network("morph", GROUPS, given, chosen, examine, execute, follow)


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
        ring = joined(config)
        from nas_cli.morph.loop import run_morph

        job, _ = _job(config, run, ring, lambda line: None)
        run_morph(run, job, {}, lambda event: None, time.time(), ring)


def _morph(config: MorphConfig, run: Any, progress: Any, launched: float) -> Mapping[str, Any]:
    ring = joined(config)
    from nas_cli.morph.loop import run_morph

    job, start = _job(config, run, ring, progress.note)
    return run_morph(run, job, start, progress.on_event, launched, ring)


def _job(config: MorphConfig, run: Any, ring: Ring, note: Note) -> tuple[Any, dict[str, Any]]:
    """What is to be done, and the start event of a run that has not begun: then the network is opened and examined."""
    from nas_cli.commands.smaller import job_parts
    from nas_cli.morph.loop import Morphing

    job = Morphing(**job_parts(config, run, ring, note), morph=config.morph)
    return job, {} if job.model is None else _start(config, job, ring, note)


def _start(config: MorphConfig, job: Any, ring: Ring, note: Note) -> dict[str, Any]:
    from nas_cli.commands.smaller import start_parts
    from nas_cli.costs.before_after import cost_block
    from nas_cli.costs.keras_cost import model_cost
    from nas_cli.costs.target_device import target_device
    from nas_cli.morph.shrunk import removable_line

    device = target_device(config.morph.target, config.morph.device)
    note(removable_line(job.model, config.model.name, config.morph, device))
    return {
        **start_parts("morph", config, job, device, ring),
        "target": config.morph.target,
        "cost": cost_block(model_cost(job.model)),
    }


def _say(summary: Mapping[str, Any], run: Any, progress: Any) -> None:
    from nas_cli.reports.shrinking import before_after_lines

    say(before_after_lines(summary["morph"]), run, progress)
