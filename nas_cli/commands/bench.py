"""`nas bench`: timing protocols, and what they say of machines that are not here."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from nas_cli.commands.dispatch import dispatch
from nas_cli.commands.options import OneLineChoice, group_options, quoted, run_options
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
  nas bench --mode ring-allreduce -np 8
  nas bench --mode ps-async -np 1,2,4 bench.servers=2
  nas bench --sweep mode=ring-allreduce,ps-sync --model vgg16,resnet50 -np 1,2 bench.image_size=64 bench.batch=4
  nas bench --mode allreduce -np 2 bench.message_mb=[1,16,64] bench.timeline=true
  nas bench --mode optimizers --dataset cifar10 bench.optimizers=[sgd,adam,muon] bench.seeds=3
  nas bench --experiment bench_optimizers_tuned
"""

GROUPS = ("dataset", "augmentation", "training/loss", "training/schedule", "experiment")


@dataclass(frozen=True)
class Mode:
    """A module with `predict(config)` and `execute(config, run)`, imported when the mode is used; a line of help."""

    module: str
    help: str


MODES: dict[str, Mode] = {
    "project": Mode("nas_cli.commands.bench_project", "images/s and efficiency on clusters one does not have"),
    "advise": Mode("nas_cli.commands.bench_project", "which way of distributing a model on a cluster, in words"),
    "ring-allreduce": Mode("nas_cli.commands.bench_measure", "images/s of -np N processes here, Horovod's ring"),
    "ps-sync": Mode("nas_cli.commands.bench_measure", "the same with bench.servers parameter servers, in rounds"),
    "ps-async": Mode("nas_cli.commands.bench_measure", "the same, each worker for itself"),
    "independent": Mode("nas_cli.commands.bench_measure", "images/s of -np N processes without communication"),
    "allreduce": Mode("nas_cli.commands.bench_allreduce", "bytes/s between -np N processes here, and the limits"),
    "optimizers": Mode("nas_cli.commands.bench_optimizers", "optimizers at one learning rate, and each at its own"),
}
"""A further mode is a line here, its module, and the keys it reads in conf/bench.yaml."""


@click.command("bench", epilog=EXAMPLES)
@click.option("--mode", type=OneLineChoice(tuple(MODES)), default=None, help="What is timed or computed.  [project]")
@click.option("--model", help="Models, with commas between: zoo names, run folders or architecture .json files.")
@click.option("--cluster", help="Hardware profiles, with commas between: names of conf/cluster or .yaml files.")
@click.option("-np", "--processes", metavar="N,...", help="Numbers of workers.  [projected: 1,2,4,… 1024; measured: 2]")
@click.option("-H", "hosts", metavar="HOST:SLOTS,...", help="Hosts of workers, reached by ssh.  [localhost:N]")
@group_options(*GROUPS)
@run_options
def command(mode: str | None, model: str | None, cluster: str | None, processes: str | None, **given: Any) -> None:
    """Timing protocols, and what they say of machines that are not here.

    project: for every mode (ring-allreduce, ps-sync, ps-async, independent), model, cluster and number of workers the
    step time, images per second, both efficiencies, and what binds (compute, worker link, server link, latency). With
    bench.measured=rows.csv the profiles are calibrated first. advise: the same as a recommendation in words. Neither
    needs TensorFlow.

    ring-allreduce, ps-sync, ps-async, independent: train for bench.iterations steps on synthetic images in -np N
    processes, here or on the hosts -H, and in one alone, and say how many images per second, how evenly, with which
    efficiency, bytes, processor time and memory. Several modes at once: --sweep mode=ring-allreduce,ps-sync

    allreduce: bytes per second of Horovod's all-reduce in -np N processes of this machine, by message size, cycle time
    and fusion threshold; beside it what they could move at all (a shift around the loopback device, a copy in memory),
    and what a parameter server gives out and takes in.

    optimizers: trains one network (--model; paper3_cnn) with each of bench.optimizers from the same bench.seeds
    beginnings, at one shared learning rate (bench.protocol=shared), at each one's own, chosen on the validation split
    (tuned), or both; curves, intervals, seconds per epoch, and what Polishchuk et al. (2019) says of them.
    """
    extra = [] if mode is None else [f"mode={mode}"]
    hosts = given.pop("hosts")
    extra += [] if hosts is None else [f"bench.hosts={quoted(hosts)}"]
    listed = {"bench.models": model, "bench.clusters": cluster, "bench.processes": processes}
    if mode == "optimizers" and model is not None:
        extra.append(f"model.name={quoted(model)}")
        del listed["bench.models"]
    extra += [f"{key}={_list(value)}" for key, value in listed.items() if value is not None]
    dispatch(request("bench", GROUPS, given, extra), Actions(predict=predict, execute=execute))


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
    parts = [part.strip() for part in text.split(",") if part.strip()]
    return "[" + ",".join(part if part.isdigit() else quoted(part) for part in parts) + "]"
