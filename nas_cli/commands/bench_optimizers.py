"""`nas bench --mode optimizers`."""

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

import yaml

from nas_cli.commands.carry_out import begun, carry_out
from nas_cli.config import BenchConfig, conf_dir

SECONDS_PER_TRAINING = 4
"""Build and trace of one network."""


def predict(config: BenchConfig) -> list[str]:
    """Lines that say what will be trained, and how long it takes.

    Raises:
        ConfigError: settings that do not fit the data set or the network.
    """
    from nas_cli.bench.optimizers.network import check_dataset
    from nas_cli.commands.prediction import WORKER_START_SECONDS, duration
    from nas_cli.costs.architecture_cost import architecture_cost
    from nas_cli.costs.throughput import FORWARD_AND_BACKWARD, machine_flops, training_seconds
    from nas_cli.data.info import info
    from nas_cli.data.sources import data_dir
    from nas_cli.models.reference import find_architecture
    from nas_cli.models.weights import check_weights

    data, plan = info(config.dataset, data_dir()), make_plan(config)
    check_dataset(data.task, data.name)
    check_weights(config.model)
    plan.check_batches(data.train_examples)
    lines = _described(config, plan, data)
    network = find_architecture(config.model.name, data.input_shape, data.classes, config.model.width)
    if network is None:
        return [*lines, f"{config.model.name}: its cost is known once it is built"]
    cost, copies = architecture_cost(network), config.augmentation.copies
    trained, looked_at = plan.images(data.train_examples, data.validation_examples, data.test_examples)
    images = round(trained * copies + looked_at / FORWARD_AND_BACKWARD)
    seconds = training_seconds(cost, images, 1, machine_flops()) + SECONDS_PER_TRAINING * _trainings(plan)
    memory = cost.training_bytes(max((config.training.batch_size, *config.bench.batch_sizes)))
    further = (
        ", more where the best of a grid is at its end" if "tuned" in plan.protocols and config.bench.widen else ""
    )
    return [
        *lines,
        f"{config.model.name}: {cost.flops / 1e6:.1f} MFLOPs, {cost.params:,} parameters, {memory / 1e9:.2f} GB",
        f"{_trainings(plan)} trainings, estimated time {duration(seconds + WORKER_START_SECONDS)}{further}",
    ]


def _described(config: BenchConfig, plan: Any, data: Any) -> list[str]:
    """What is compared, on what."""
    whole = data.train_examples + data.validation_examples
    lines = [
        f"{data.name}: {whole:,} training and {data.test_examples:,} test examples of shape "
        f"{'x'.join(map(str, data.input_shape))}; rates are chosen on {data.validation_examples:,} of the former",
        f"optimizers {', '.join(config.bench.optimizers)}; {len(plan.rows)} rows, {config.bench.seeds} seeds, "
        f"{config.training.epochs} epochs, batch {config.training.batch_size}",
    ]
    if "shared" in plan.protocols:
        lines.append(f"shared: learning rate {config.bench.shared_rate:g} for all")
    if "tuned" in plan.protocols:
        grids = "; ".join(f"{name} {_grid(plan.rates(name))}" for name in config.bench.optimizers)
        lines.append(f"tuned: {config.bench.tune_epochs} epochs each at {grids}")
    return lines


def _grid(rates: Any) -> str:
    return " ".join(f"{rate:g}" for rate in rates)


def _trainings(plan: Any) -> int:
    tuned = len(plan.bench.optimizers) * len(plan.bench.rate_factors) * ("tuned" in plan.protocols)
    return int(len(plan.protocols) * plan.bench.seeds * len(plan.rows) + tuned)


def execute(config: BenchConfig, run: Any) -> Mapping[str, Any]:
    """The summary of the run, begun or continued."""
    from nas_cli.commands.progress import TrainingProgress

    progress, work = TrainingProgress(config.training.epochs), partial(_compare, config, run)
    return carry_out("bench", run, progress, lambda: [] if begun(run) else predict(config), work, _say)


def _compare(config: BenchConfig, run: Any, progress: Any, launched: float) -> Mapping[str, Any]:
    from nas_cli.reports.optimizer_summary import summarise

    arithmetic = _start_tensorflow(config)
    from nas_cli.bench.optimizers.loop import Comparing, run_optimizers
    from nas_cli.commands.start import prepared

    dataset = prepared(config, run, progress.note)
    job = Comparing(make_plan(config), config.model, dataset, config.augmentation)
    start = _start(config, job, arithmetic)
    return run_optimizers(run, job, start, lambda event: _show(event, progress), launched, summarise)


def _say(summary: Mapping[str, Any], run: Any, progress: Any) -> None:
    from nas_cli.reports.optimizer_summary import table_lines

    for line in table_lines(summary["optimizers"]):
        progress.note(line)
    progress.note(f"report: {run.path / 'report.html'}")


def _start_tensorflow(config: BenchConfig) -> str:
    """Starts TensorFlow; the arithmetic of layers."""
    from nas_cli.training.quiet import quiet_import

    # Every training has graphs of its own, which TensorFlow takes for one that is traced over and over.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    with quiet_import():
        from nas_cli.training.session import configure

        configure(config.threads, config.deterministic)
    from nas_cli.training import precision

    return precision.apply(config.training.precision)


def make_plan(config: BenchConfig) -> Any:
    """What is trained, with each optimizer's usual settings from conf/training/optimizer."""
    from nas_cli.bench.optimizers.plan import Plan
    from nas_cli.schema import validate
    from nas_cli.training.settings import OptimizerSettings

    usual = {}
    for name in config.bench.optimizers:
        file = conf_dir() / "training" / "optimizer" / f"{name}.yaml"
        usual[name] = validate(OptimizerSettings, yaml.safe_load(file.read_text(encoding="utf-8")), name)
    return Plan(config.bench, config.training, usual, config.seed)


def _start(config: BenchConfig, job: Any, arithmetic: str) -> dict[str, Any]:
    from nas_cli.bench.optimizers.plan import GLOROT
    from nas_cli.commands.start import dataset_block
    from nas_cli.runs.identity import config_digest
    from nas_cli.schema import plain

    bench, plan = config.bench, job.plan
    return {
        "command": "bench",
        "mode": "optimizers",
        "config_digest": config_digest(plain(config)),
        "dataset": dataset_block(job.dataset),
        "model": config.model.name,
        "precision": arithmetic,
        "study": {
            "model": config.model.name,
            "protocol": bench.protocol,
            "optimizers": list(bench.optimizers),
            "seeds": bench.seeds,
            "epochs": config.training.epochs,
            "tune_epochs": min(bench.tune_epochs, config.training.epochs),
            "shared_rate": bench.shared_rate,
            "grids": {name: list(plan.rates(name)) for name in bench.optimizers},
            "batch_size": config.training.batch_size,
            "initializer": GLOROT,
            "images": len(job.dataset.train) + len(job.dataset.validation),
        },
    }


def _show(event: Mapping[str, Any], progress: Any) -> None:
    """A line for an event that a reader waits for."""
    from nas_cli.commands.progress import shown_values

    if event["event"] == "epoch":
        progress.note(
            f"{event['training']} epoch {event['epoch']:.0f}/{event['epochs']} {shown_values(event)}, "
            f"{event['seconds']:.1f} s"
        )
    elif event["event"] == "chosen":
        found = "diverged at every rate" if event["rate"] is None else f"rate {event['rate']:g}"
        progress.note(f"{event['optimizer']}: {found} of {_grid(rate for rate, _ in event['tried'])}")
    elif not event["final"]:
        progress.note(f"{event['training']} {event['stopped']}: it has no result")
