"""`nas search`: search for a network architecture."""

import os
import time
from collections.abc import Mapping
from typing import Any

import click

from nas_cli.commands.dispatch import dispatch
from nas_cli.commands.options import group_options, run_options
from nas_cli.commands.request import Actions, request
from nas_cli.config import SearchConfig

EXAMPLES = """\b
Examples:
  nas search
  nas search --dataset cifar10 strategy.population=12 training.epochs=8
  nas search --strategy random --space thesis_large --dataset cifar100 --dry-run
  nas search --sweep strategy=codeepneat,random seed=0,1,2
  nas search --resume results/runs/search-20260102-030405-abcdef
"""

GROUPS = (
    "dataset", "augmentation", "space", "strategy", "estimator", "training/optimizer", "training/loss",
    "training/schedule", "scale", "experiment",
)  # fmt: skip


@click.command("search", epilog=EXAMPLES)
@group_options(*GROUPS)
@run_options
def command(**given: Any) -> None:
    """Search for a network architecture.

    Options choose a configuration group; KEY=VALUE sets any other key (`--print-config` lists them). The defaults
    suit the machine in front of you; `--scale paper` is the published protocol.
    """
    dispatch(request("search", GROUPS, given), Actions(predict=predict, execute=execute))


def predict(config: SearchConfig) -> list[str]:
    """Lines that say what the search will cost, from a sample of the space; needs no TensorFlow."""
    from nas_cli.commands.first_generation import with_initial_population
    from nas_cli.commands.prediction import predict_search

    return predict_search(with_initial_population(config))


def execute(config: SearchConfig, run: Any) -> Mapping[str, Any]:
    """The summary of the search in `run`, begun or continued."""
    launched = time.time()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from nas_cli.commands.first_generation import with_initial_population
    from nas_cli.commands.prediction import planned_trials, predict_search
    from nas_cli.commands.progress import SearchProgress
    from nas_cli.reports import build
    from nas_cli.search.loop import conclude
    from nas_cli.search.summary import is_complete, summarise

    with run.lock(), SearchProgress(planned_trials(config)) as progress:
        if is_complete(run.events()):
            progress.note("this search is complete; only its reports are made anew")
            summary: Mapping[str, Any] = conclude(run)
        else:
            for line in predict_search(with_initial_population(config, run)):
                progress.note(line)
            progress.note(f"run folder {run.path}")
            summary = _search(config, run, progress, launched)
        if run.events():
            summary = summarise(run.events())
            build(run.path)
        if summary["status"] == "completed":
            _say(summary, run, progress)
    return summary


def _search(config: SearchConfig, run: Any, progress: Any, launched: float) -> Mapping[str, Any]:
    from nas_cli.commands.machine import worker_settings
    from nas_cli.runs.interruption import Interrupted
    from nas_cli.search.pool import WorkerPool

    try:
        with WorkerPool(worker_settings(config), config.resources.workers, run.log) as pool:
            pool.start()
            return _run_search(config, run, pool, progress, launched)
    except Interrupted as stop:
        progress.note(str(stop))
    except KeyboardInterrupt:
        progress.note(f"interrupted before the first trial: start with  nas search --resume {run.path}")
    return {"status": "interrupted"}


def _run_search(config: SearchConfig, run: Any, pool: Any, progress: Any, launched: float) -> Mapping[str, Any]:
    from nas_cli.build import estimator_factory, make_economies, make_space, make_strategy
    from nas_cli.commands.first_generation import save_first_generation, with_initial_population
    from nas_cli.commands.start import prepared
    from nas_cli.search.loop import run_search

    dataset = prepared(config, run, progress.note)
    pool.use(estimator_factory(config, run.data))
    space = make_space(config, dataset.input_shape, dataset.classes)
    strategy = make_strategy(with_initial_population(config, run), space)
    save_first_generation(strategy, run)
    start, economies = start_event(config, dataset), make_economies(config)
    return run_search(run, strategy, pool, cost_for_journal, config.seed, start, progress, launched, economies)


def cost_for_journal(architecture: Any) -> dict[str, Any]:
    """The totals of an architecture's cost as JSON values."""
    import dataclasses

    from nas_cli.costs.architecture_cost import architecture_cost

    cost = architecture_cost(architecture)
    totals = {field.name: getattr(cost, field.name) for field in dataclasses.fields(cost) if field.name != "layers"}
    return totals | {"flops": cost.flops}


def start_event(config: Any, dataset: Any) -> dict[str, Any]:
    """What the journal's start event says of configuration and data."""
    from nas_cli.commands.start import dataset_block
    from nas_cli.runs.identity import config_digest
    from nas_cli.schema import plain

    return {
        "command": "search",
        "config_digest": config_digest(plain(config)),
        "dataset": dataset_block(dataset),
    }


def _say(summary: Mapping[str, Any], run: Any, progress: Any) -> None:
    best = summary["best"]
    search = summary["search"]
    peak = search["peak_memory_bytes"]
    progress.note(
        f"best: trial {best['id']}, validation accuracy {best['valid_accuracy']:.4f}, test accuracy "
        f"{best['test_accuracy']:.4f}, {best['flops'] / 1e6:.1f} MFLOPs, {best['params']:,} parameters"
    )
    progress.note(
        f"{summary['trials']} trials ({summary['failed']} failed) in {summary['wall_seconds'] / 60:.1f} min, "
        f"{search['outside_fraction']:.1%} of the worker time outside training and evaluation "
        f"(compilation {search['compile_seconds']:.1f} s counted as training), peak memory {peak / 1e9:.1f} GB"
    )
    if search["compression"]:
        progress.note(_compression_line(search["compression"]))
    progress.note(f"report: {run.path / 'report.html'}")


def _compression_line(block: Mapping[str, Any]) -> str:
    ratio, predicted = block["ratio"], block["speedup_predicted"]
    text = f"compression: {block['compressed']} networks, {block['skipped']} skipped"
    if ratio is not None:
        text += f", FLOPs before/after {ratio:.2f}"
    if predicted is not None:
        text += f", predicted speed-up of training and evaluation {predicted:.2f}"
    return f"{text}, {block['mean_seconds']:.1f} s each"
