"""`nas search`: search for a network architecture."""

import os
import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import click

from nas_cli.commands.completion import complete_models
from nas_cli.commands.dispatch import dispatch
from nas_cli.commands.options import group_options, quoted, run_options
from nas_cli.commands.parallel import asked_processes, in_parallel
from nas_cli.commands.request import Actions, request
from nas_cli.commands.search_together import (
    is_joint,
    join_to_train,
    on_this_machine,
    search_parallel_options,
    together,
)
from nas_cli.config import SearchConfig
from nas_cli.distributed.ring import is_rank

Events = list[dict[str, Any]]

EXAMPLES = """\b
Examples:
  nas search
  nas search --dataset cifar10 strategy.population=12 training.epochs=8
  nas search --strategy random --space thesis_large --dataset cifar100 --dry-run
  nas search --sweep strategy=codeepneat,random seed=0,1,2
  nas search --dataset cifar10 -np 4 -H localhost:2,other:2
  nas search --resume results/runs/search-20260102-030405-abcdef
"""

GROUPS = (
    "dataset", "augmentation", "space", "strategy", "scheduler", "estimator", "training/optimizer", "training/loss",
    "training/schedule", "scale", "experiment",
)  # fmt: skip


@click.command("search", epilog=EXAMPLES)
@group_options(*GROUPS)
@click.option(
    "--model", help="The network that --space hyperparameters trains.  [paper3_cnn]",
    shell_complete=complete_models,
)  # fmt: skip
@search_parallel_options
@run_options
def command(model: str | None, **given: Any) -> None:
    """Search for a network architecture.

    Options choose a configuration group; KEY=VALUE sets any other key (`--print-config` lists them). The defaults
    suit the machine in front of you; `--scale paper` is the published protocol.
    """
    extra = [] if model is None else [_model_override(model, given)]
    asked, wanted = asked_processes(given), request("search", GROUPS, given, extra)
    dispatch(wanted, in_parallel(wanted, Actions(predict=predict, execute=execute), asked, together()))


def _model_override(model: str, given: Mapping[str, Any]) -> str:
    chosen = [text.partition("=")[2] for text in given["overrides"] if text.startswith("space=")]
    named = given["space"] or (chosen[0] if chosen else None)
    if named != "hyperparameters" and not given["experiment"] and not given["resume"]:
        raise click.UsageError("--model names the network that --space hyperparameters trains: add that space.")
    return f"space.model={quoted(model)}"


def predict(config: SearchConfig) -> list[str]:
    """Lines that say what the search will cost, from a sample of the space; needs no TensorFlow."""
    from nas_cli.commands.first_generation import with_initial_population
    from nas_cli.commands.prediction import predict_search

    return predict_search(with_initial_population(config))


def execute(config: SearchConfig, run: Any) -> Mapping[str, Any]:
    """The summary of the search in `run`, begun or continued."""
    launched = time.time()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from nas_cli.build import needs_tensorflow, planned_trials
    from nas_cli.commands.first_generation import with_initial_population
    from nas_cli.commands.prediction import predict_search
    from nas_cli.commands.progress import SearchProgress
    from nas_cli.reports import build
    from nas_cli.search.loop import conclude
    from nas_cli.search.summary import is_complete

    with run.lock(), SearchProgress(planned_trials(config)) as progress:
        events = run.events()
        if is_complete(events):
            progress.note("this search is complete; only its reports are made anew")
            summary: Mapping[str, Any] = conclude(run, events)
            networks = needs_tensorflow(config) and (summary["best"] or {}).get("test")
            if networks and not (run.best / "model.keras").exists():
                progress.note("its best network is gone from best/; only a new search makes it")
        else:
            for line in predict_search(on_this_machine(with_initial_population(config, run))):
                progress.note(line)
            progress.note(f"run folder {run.path}")
            summary = _search(config, run, events, progress, launched)
        if summary.get("trials") is not None:
            build(run.path)
        if summary["status"] == "completed":
            _say(summary, run, progress)
    return summary


def _search(config: SearchConfig, run: Any, events: Events, progress: Any, launched: float) -> Mapping[str, Any]:
    from nas_cli.build import needs_tensorflow
    from nas_cli.runs.interruption import Interrupted
    from nas_cli.search.summary import summarise

    search = _in_workers if needs_tensorflow(config) else _in_process
    if is_rank() and is_joint(config):
        search = _jointly
    try:
        return search(config, run, events, progress, launched)
    except Interrupted as stop:
        progress.note(str(stop))
    except KeyboardInterrupt:
        progress.note(f"interrupted before the first trial: start with  nas search --resume {run.path}")
    events = run.events()
    return summarise(events) if events else {"status": "interrupted"}


def _in_workers(config: SearchConfig, run: Any, events: Events, progress: Any, launched: float) -> Mapping[str, Any]:
    """The summary of a search whose trials are evaluated in worker processes."""
    from nas_cli.build import estimator_factory, has_supernet, make_space
    from nas_cli.commands.search_together import dealt_out, worker_pool
    from nas_cli.commands.start import dataset_block, prepared

    with worker_pool(config, run) as pool:
        if not has_supernet(config):
            # The workers load TensorFlow while the data are prepared.
            pool.start()
        dataset = prepared(config, run, progress.note)
        pool.use(estimator_factory(config, run.data))
        space = make_space(config, dataset.input_shape, dataset.classes)
        start = start_event(config, dataset_block(dataset))
        phase = _phase(config, run, space, dataset, progress)
        with dealt_out(config, pool, None if phase is None else phase.ring) as evaluator:
            return _run_search(config, run, events, space, evaluator, start, progress, launched, phase)


def _jointly(config: SearchConfig, run: Any, events: Events, progress: Any, launched: float) -> Mapping[str, Any]:
    """The summary of a search whose trials are trained by this process and others together."""
    from nas_cli.build import estimator_factory, make_space
    from nas_cli.commands.start import dataset_block, prepared
    from nas_cli.search.joint_trials import JointTrials

    dataset = prepared(config, run, progress.note)
    space = make_space(config, dataset.input_shape, dataset.classes)
    ring = join_to_train(config)
    start = {**start_event(config, dataset_block(dataset)), "processes": ring.size}
    with JointTrials(ring, estimator_factory(config, run.data)) as evaluator:
        return _run_search(config, run, events, space, evaluator, start, progress, launched)


def _in_process(config: SearchConfig, run: Any, events: Events, progress: Any, launched: float) -> Mapping[str, Any]:
    """The summary of a search whose estimator works in this process."""
    from nas_cli.build import NO_DATA, make_estimator, make_space, needs_data
    from nas_cli.commands.start import dataset_block, prepared
    from nas_cli.search.in_process import InProcess

    dataset = prepared(config, run, progress.note) if needs_data(config) else None
    shape, classes = NO_DATA if dataset is None else (dataset.input_shape, dataset.classes)
    space = make_space(config, shape, classes)
    evaluator = InProcess(make_estimator(config, space, None if dataset is None else run.data))
    start = start_event(config, space.table.describe() if dataset is None else dataset_block(dataset))
    phase = _phase(config, run, space, dataset, progress)
    return _run_search(config, run, events, space, evaluator, start, progress, launched, phase)


def _run_search(
    config: SearchConfig, run: Any, events: Events, space: Any, evaluator: Any, start: Mapping[str, Any],
    progress: Any, launched: float, phase: Any = None,
) -> Mapping[str, Any]:  # fmt: skip
    from nas_cli.build import known_cost, make_economies, make_strategy
    from nas_cli.commands.first_generation import save_first_generation, with_initial_population
    from nas_cli.commands.supernet import supernet_block
    from nas_cli.search.loop import run_search

    strategy = make_strategy(with_initial_population(config, run), space, phase.found if phase else tuple)
    save_first_generation(strategy, run)
    cost_of, economies = partial(known_cost, space), make_economies(config)
    first = {} if phase is None else {"supernet": supernet_block(config, space)}
    return run_search(
        run, strategy, evaluator, cost_of, config.seed, {**start, **first}, progress, launched, economies, events,
        phase.run if phase else None,
    )  # fmt: skip


def _phase(config: SearchConfig, run: Any, space: Any, dataset: Any, progress: Any) -> Any:
    """What a strategy with a supernet does before the first trial; None for any other."""
    from nas_cli.build import has_supernet
    from nas_cli.commands.search_together import join_to_train
    from nas_cli.commands.supernet import make_phase

    if not has_supernet(config):
        return None
    return make_phase(config, run, space, dataset, join_to_train(config), progress.on_supernet)


def start_event(config: Any, dataset: Mapping[str, Any]) -> dict[str, Any]:
    """What the journal's start event says of configuration and data: for a search without a data set only a name."""
    from nas_cli.runs.identity import config_digest
    from nas_cli.schema import plain

    return {
        "command": "search",
        "config_digest": config_digest(plain(config)),
        "dataset": dict(dataset),
    }


def _say(summary: Mapping[str, Any], run: Any, progress: Any) -> None:
    search = summary["search"]
    progress.note(f"best: {', '.join(_best(summary['best']))}")
    peak = search["peak_memory_bytes"]
    trials = f"{summary['trials']} trials ({summary['failed']} failed) in {summary['wall_seconds'] / 60:.1f} min, "
    progress.note(
        f"{trials}{search['outside_fraction']:.1%} of the worker time outside training and evaluation "
        f"(compilation {search['compile_seconds']:.1f} s counted as training), peak memory {peak / 1e9:.1f} GB"
        if search["train_seconds"]
        else f"{trials}peak memory {peak / 1e9:.1f} GB"
    )
    if search["compression"]:
        progress.note(_compression_line(search["compression"]))
    progress.note(f"report: {run.path / 'report.html'}")


def _best(best: Mapping[str, Any]) -> Iterator[str]:
    """What is known of the best trial, in words."""
    yield f"trial {best['id']}"
    valid, test = (_measured(best[split] or {}, f"{split}_") for split in ("valid", "test"))
    yield f"validation {valid}" if valid else f"score {best['fitness']:.4f}"
    if test:
        yield f"test {test}"
    if best["flops"] is not None:
        yield f"{best['flops'] / 1e6:.1f} MFLOPs"
    if best["params"] is not None:
        yield f"{best['params']:,.0f} parameters"
    if best["point"] is not None:
        yield ", ".join(f"{name}={_short(value)}" for name, value in best["point"].items())


def _measured(metrics: Mapping[str, Any], split: str) -> str:
    """'accuracy 0.6562': the first of the split's metrics that is no loss; empty without one."""
    names = [key.removeprefix(split) for key in metrics if key.startswith(split)]
    known = [name for name in ("rmse", "accuracy", *names) if name != "loss" and metrics.get(split + name) is not None]
    return f"{known[0].replace('_', ' ')} {metrics[split + known[0]]:.4f}" if known else ""


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _compression_line(block: Mapping[str, Any]) -> str:
    ratio, predicted = block["ratio"], block["speedup_predicted"]
    text = f"compression: {block['compressed']} networks, {block['skipped']} skipped"
    if ratio is not None:
        text += f", FLOPs before/after {ratio:.2f}"
    if predicted is not None:
        text += f", predicted speed-up of training and evaluation {predicted:.2f}"
    return f"{text}, {block['mean_seconds']:.1f} s each"
