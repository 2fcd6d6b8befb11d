"""`nas prune`: take weights, neurons or filters out of a network, and train what is left."""

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
from nas_cli.config import PruneConfig
from nas_cli.distributed.ring import Ring

EXAMPLES = """\b
Examples:
  nas prune --model resnet20 --dataset cifar10 prune.criterion=taylor prune.granularity=filter prune.sparsity=0.5
  nas prune --model results/runs/train-20260102-030405-abcdef --dataset cifar10 --prune filters loop.random=true
  nas prune --model my.keras --dataset mnist prune.sparsity=0.9 prune.rounds=5 prune.spread=global
  nas prune --model lenet_300_100 --dataset mnist --prune lottery_ticket loop.baseline=true
  nas prune --resume results/runs/prune-20260102-030405-abcdef
"""

GROUPS = (
    "dataset", "augmentation", "prune", "distill", "training/optimizer", "training/loss", "training/schedule",
    "experiment",
)  # fmt: skip


@click.command("prune", epilog=EXAMPLES)
@click.option(
    "--model", help="Zoo name, run folder, .keras file or architecture .json file.  [resnet20]",
    shell_complete=complete_models,
)  # fmt: skip
@click.option("--weights", help="Weights to begin with: imagenet, or a file.  [fresh; a run's or .keras file's own]")
@network_options(*GROUPS)
def command(model: str | None, weights: str | None, **given: Any) -> None:
    """Take weights, neurons or filters out of a network, and train what is left.

    Round by round: scores what is left (prune.criterion: magnitude, taylor, obd, activation, random), removes the least
    of it (prune.granularity: weight, neuron, filter or unit; prune.sparsity, or prune.target=flops with
    prune.reduction), and trains for prune.fine_tune epochs. Weights that are gone stay zero; neurons and filters are
    taken out of the network. A network with fresh weights is trained for training.epochs first. With
    training.teacher=self the network as it was before the first round teaches what is left of it, as `distill` says.
    Writes best/model.keras, tables of rounds and layers, and measured times before and after.
    """
    chosen = named_model(model, weights, given["overrides"])
    run_network("prune", GROUPS, given, chosen, examine, execute, follow, alone)


def alone(config: PruneConfig) -> str | None:
    """What the run has to be done by one process for; None where several can."""
    return "prune.engine=tfmot trains in one process, own in several" if config.prune.engine == "tfmot" else None


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
        ring = joined(config)
        from nas_cli.prune.loop import run_prune

        job, _ = _job(config, run, ring, lambda line: None)
        run_prune(run, job, {}, lambda event: None, time.time(), ring)


def _prune(config: PruneConfig, run: Any, progress: Any, launched: float) -> Mapping[str, Any]:
    ring = joined(config)
    from nas_cli.prune.loop import run_prune

    job, start = _job(config, run, ring, progress.note)
    return run_prune(run, job, start, progress.on_event, launched, ring)


def _job(config: PruneConfig, run: Any, ring: Ring, note: Note) -> tuple[Any, dict[str, Any]]:
    """What is to be done, and the start event of a run that has not begun: then the network is opened and examined."""
    from nas_cli.commands.smaller import job_parts
    from nas_cli.prune.loop import Pruning

    job = Pruning(**job_parts(config, run, ring, note), prune=config.prune)
    return job, {} if job.model is None else _start(config, job, ring, note)


def _start(config: PruneConfig, job: Any, ring: Ring, note: Note) -> dict[str, Any]:
    from nas_cli.commands.smaller import start_parts
    from nas_cli.costs.target_device import target_device
    from nas_cli.prune.prospect import prospect_line
    from nas_cli.prune.removal import size_block
    from nas_cli.prune.summary import SAID

    note(prospect_line(job.model, config.model.name, config.prune))
    device = target_device(config.prune.target, config.prune.device)
    return {
        **start_parts("prune", config, job, device, ring),
        **{key: getattr(config.prune, key) for key in SAID},
        **size_block(job.model),
    }


def _say(summary: Mapping[str, Any], run: Any, progress: Any) -> None:
    from nas_cli.reports.pruning import pruned_lines

    say(pruned_lines(summary["prune"]), run, progress)
