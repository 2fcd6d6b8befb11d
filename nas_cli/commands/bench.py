"""`nas bench`: timing protocols, and what they say of machines that are not here."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from nas_cli.commands.dispatch import dispatch
from nas_cli.commands.options import OneLineChoice, run_options
from nas_cli.commands.request import Actions, request
from nas_cli.config import BenchConfig
from nas_cli.errors import ConfigError
from nas_cli.schema import nearest

EXAMPLES = """\b
Examples:
  nas bench --mode project --cluster p2_16xlarge,p3_25g --model vgg16,resnet50
  nas bench --mode project --cluster p3_25g --model resnet152 --processes 8,64,512,100000 bench.batch=64
  nas bench --mode project --cluster localhost --model resnet50 bench.measured=rows.csv
  nas bench --mode advise --cluster p3_25g --model vgg16
"""


@dataclass(frozen=True)
class Mode:
    """A module with `predict(config)` and `execute(config, run)`, imported when the mode is used; a line of help."""

    module: str
    help: str


MODES: dict[str, Mode] = {
    "project": Mode("nas_cli.commands.bench_project", "images/s and efficiency on clusters one does not have"),
    "advise": Mode("nas_cli.commands.bench_project", "which way of distributing a model on a cluster, in words"),
}
"""A further mode is a line here, its module, and the keys it reads in conf/bench.yaml."""


@click.command("bench", epilog=EXAMPLES)
@click.option("--mode", type=OneLineChoice(tuple(MODES)), default=None, help="What is timed or computed.  [project]")
@click.option("--model", help="Models, with commas between: zoo names, run folders or architecture .json files.")
@click.option("--cluster", help="Hardware profiles, with commas between: names of conf/cluster or .yaml files.")
@click.option("--processes", help="Numbers of workers, with commas between.  [1,2,4,… 1024]")
@run_options
def command(mode: str | None, model: str | None, cluster: str | None, processes: str | None, **given: Any) -> None:
    """Timing protocols, and what they say of machines that are not here.

    project: for every mode (ring-allreduce, ps-sync, ps-async, independent), model, cluster and number of workers the
    step time, images per second, both efficiencies, and what binds (compute, worker link, server link, latency). With
    bench.measured=rows.csv the profiles are calibrated first. advise: the same as a recommendation in words. Neither
    needs TensorFlow.
    """
    extra = [] if mode is None else [f"mode={mode}"]
    listed = {"bench.models": model, "bench.clusters": cluster, "bench.processes": processes}
    extra += [f"{key}={_list(value)}" for key, value in listed.items() if value is not None]
    dispatch(request("bench", (), given, extra), Actions(predict=predict, execute=execute))


def predict(config: BenchConfig) -> list[str]:
    """Lines that say what will be done, and how long it takes."""
    lines: list[str] = _module(config).predict(config)
    return lines


def execute(config: BenchConfig, run: Any) -> Mapping[str, Any]:
    """The summary of the run, begun or continued."""
    summary: Mapping[str, Any] = _module(config).execute(config, run)
    return summary


def _module(config: BenchConfig) -> Any:
    if config.mode not in MODES:
        raise ConfigError(f"unknown mode '{config.mode}'.{nearest(config.mode, MODES)} Known: {', '.join(MODES)}.")
    return importlib.import_module(MODES[config.mode].module)


def _list(text: str) -> str:
    """Values with commas between, as an override's list."""
    from nas_cli.commands.options import quoted

    parts = [part.strip() for part in text.split(",") if part.strip()]
    return "[" + ",".join(part if part.isdigit() else quoted(part) for part in parts) + "]"
