"""`nas quantize`: store a network in fewer bits, and measure what that costs and gains."""

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

import click

from nas_cli.commands.carry_out import begun, carry_out
from nas_cli.commands.completion import complete_models
from nas_cli.commands.dispatch import dispatch
from nas_cli.commands.options import group_options, named_model, run_options
from nas_cli.commands.request import Actions, request
from nas_cli.config import QuantizeConfig

EXAMPLES = """\b
Examples:
  nas quantize --model results/runs/train-20260102-030405-abcdef --dataset cifar10
  nas quantize --model my.keras --dataset mnist quantize.methods=[float16,dynamic,int8,qat]
  nas quantize --model results/runs/prune-20260102-030405-abcdef --dataset mnist quantize.method=cluster_int8
  nas quantize --model my.keras --dataset mnist quantize.io=integer quantize.calibration=500
  nas quantize --resume results/runs/quantize-20260102-030405-abcdef
"""

GROUPS = ("dataset", "augmentation", "training/optimizer", "training/loss", "training/schedule", "experiment")


@click.command("quantize", epilog=EXAMPLES)
@click.option(
    "--model", help="Run folder, .keras file, or zoo name with --weights.  [resnet20]",
    shell_complete=complete_models,
)  # fmt: skip
@click.option("--weights", help="Weights to take: imagenet, or a file.  [fresh; a run's or .keras file's own]")
@group_options(*GROUPS)
@run_options
def command(model: str | None, weights: str | None, **given: Any) -> None:
    """Store a network in fewer bits, and measure what that costs and gains.

    quantize.method, or several in quantize.methods=[…]: float16, dynamic (int8 weights), int8 (weights and activations,
    with quantize.calibration training examples), qat (int8 after training with simulated rounding), cluster and
    cluster_int8 (weights that share values), as TFLite files; keras_int8, keras_int4 (Keras' own). Every file is
    measured: size, size compressed, accuracy, predictions that agree with the network's, milliseconds per image. The
    best on the validation split goes to best/model.tflite (or .keras).
    """
    chosen = named_model(model, weights, given["overrides"])
    dispatch(request("quantize", GROUPS, given, chosen), Actions(predict=predict, execute=execute))


def predict(config: QuantizeConfig) -> list[str]:
    """Lines that say what is quantized, how, and how long that takes."""
    from nas_cli.commands.prediction import predict_quantize

    return predict_quantize(config)


def execute(config: QuantizeConfig, run: Any) -> Mapping[str, Any]:
    """The summary of the run, begun or continued."""
    from nas_cli.commands.quantize_progress import QuantizeProgress

    work = partial(_quantize, config, run)
    return carry_out("quantize", run, QuantizeProgress(), lambda: [] if begun(run) else predict(config), work, _say)


def _quantize(config: QuantizeConfig, run: Any, progress: Any, launched: float) -> Mapping[str, Any]:
    threads = _start_tensorflow(config)
    from nas_cli.quantize.loop import run_quantize

    job, start = _job(config, run, threads, progress.note)
    return run_quantize(run, job, start, progress.on_event, launched)


def _start_tensorflow(config: QuantizeConfig) -> int:
    """Starts TensorFlow with the configured threads; how many TFLite's interpreter gets: one, if none are configured.

    Several wait for each other after every operation of a single image, which on a busy machine takes longer than the
    operation.
    """
    from nas_cli.training.quiet import quiet_import

    # Every network has graphs of its own, which TensorFlow takes for one that is traced over and over.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    with quiet_import():
        from nas_cli.training.session import configure

        configure(config.threads, config.deterministic)
    return config.threads or 1


def _job(config: QuantizeConfig, run: Any, threads: int, note: Any) -> tuple[Any, dict[str, Any]]:
    """What is to be done, and the start event of a run that has not begun: then the network is opened."""
    from nas_cli.commands.start import opened, prepared
    from nas_cli.quantize.loop import Quantizing

    dataset, opens = prepared(config, run, note), not begun(run)
    job = Quantizing(
        model=opened(config, dataset, note) if opens else None,
        name=config.model.name,
        dataset=dataset,
        training=config.training,
        augmentation=config.augmentation,
        quantize=config.quantize,
        seed=config.seed,
        threads=threads,
    )
    if opens and not config.model.has_weights:
        note(f"{config.model.name} has fresh weights: accuracies say nothing; give a run or a .keras file as --model")
    return job, _start(config, job) if opens else {}


def _start(config: QuantizeConfig, job: Any) -> dict[str, Any]:
    from nas_cli.commands.start import start_head
    from nas_cli.costs.latency import threads_of_an_operation
    from nas_cli.quantize.calibration import calibration_set, digest
    from nas_cli.quantize.chain import chain_rows
    from nas_cli.quantize.settings import CALIBRATED

    wanted, calibration = config.quantize, None
    if any(method in CALIBRATED for method in wanted.asked):
        examples = calibration_set(job.dataset, wanted.calibration, config.seed)
        calibration = {"examples": len(examples), "digest": digest(examples)}
    return {
        **start_head("quantize", config, job.dataset),
        "methods": list(wanted.asked),
        "calibration": calibration,
        "threads": job.threads,
        "keras_threads": threads_of_an_operation(),
        "repeats": wanted.repeats,
        "precision": job.model.dtype_policy.name,
        "chain": chain_rows(config.model.name, job.dataset.split_digest),
    }


def _say(summary: Mapping[str, Any], run: Any, progress: Any) -> None:
    from nas_cli.reports.quantized import table_lines

    for line in table_lines(summary["quantize"]):
        progress.note(line)
    block = summary["quantize"]
    kept_file = next(row["file"] for row in block["methods"] if row["name"] == block["chosen"])
    suffix = kept_file.rpartition(".")[2]
    progress.note(f"chosen: {block['chosen']} ({block['why']}): {run.best / f'model.{suffix}'}")
    progress.note(f"report: {run.path / 'report.html'}")
