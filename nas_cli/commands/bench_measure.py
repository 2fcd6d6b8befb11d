"""`nas bench --mode ring-allreduce | independent | ps-sync | ps-async`: distributed training, measured here."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from nas_cli.commands.machine import cores
from nas_cli.config import BenchConfig

Row = Mapping[str, Any]

TIMELINES = "timeline"
"""The folder of a run for Horovod's traces."""


def predict(config: BenchConfig) -> list[str]:
    """What will be measured; the time is known after the first step only."""
    plan = make_plan(config)
    _check(config, plan)
    lines = [f"model: {_described(name, plan.image_size)}" for name in plan.models]
    servers = f", {plan.servers} parameter server{'s' * (plan.servers > 1)}" if plan.mode.startswith("ps") else ""
    workers = ", ".join(map(str, plan.processes))
    lines.append(f"{plan.mode} with {workers} workers{servers}, batch {plan.batch} per worker, on {plan.cores} cores")
    lines.append(f"{plan.iterations} steps after {plan.warmup} for warming up; one process alone is measured first")
    return lines


def execute(config: BenchConfig, run: Any) -> Mapping[str, Any]:
    """The summary of the measurements in `run`, with rows.csv, figures and a page."""
    launched = time.time()
    import psutil

    from nas_cli.bench.measuring.job import carry_out
    from nas_cli.bench.measuring.run import measuring, summarise
    from nas_cli.reports import build
    from nas_cli.runs.identity import config_digest
    from nas_cli.schema import plain

    plan = make_plan(config, run.path / TIMELINES)
    with run.lock():
        if plan.timeline:
            (run.path / TIMELINES).mkdir(exist_ok=True)
        hosts = _check(config, plan)
        start = {"command": "bench", "mode": config.mode, "config_digest": config_digest(plain(config))}

        def carry(job: Any) -> Mapping[str, Any]:
            _note(f"{job.mode}, {job.model}: {job.processes} process{'es' * (job.processes > 1)}, {job.threads} "
                  f"thread{'s' * (job.threads > 1)} each …")  # fmt: skip
            return carry_out(job, run.path, run.log, hosts[job.processes], config.bench.port)

        def on_row(row: Row) -> None:
            _note(f"  {row['images_per_second']:,.1f} ± {row['uncertainty']:.1f} images/s")

        try:
            with measuring(run, plan, start, launched) as session:
                if session is not None:
                    session.carry_out(carry, lambda: float(psutil.virtual_memory().available), on_row)
        except KeyboardInterrupt:
            _note(f"interrupted: go on with  nas bench --resume {run.path}")
            return {"status": "interrupted"}
        build(run.path)
    summary = summarise(run.events())
    for line in [*table(summary["rows"]), f"report: {run.path / 'report.html'}"]:
        _note(line)
    return summary


def make_plan(config: BenchConfig, timelines: Path = Path(TIMELINES)) -> Any:
    """What a configuration wants to have measured; `timelines`: the folder for traces, where they are wanted.

    Raises:
        ConfigError: nothing is to be measured, or a mode that leaves no trace is to leave one.
        LaunchError: the hosts are not name:slots,…
    """
    from nas_cli.bench.measuring.measurement import RING
    from nas_cli.bench.measuring.plan import MeasuringPlan
    from nas_cli.distributed.hosts import parse_hosts
    from nas_cli.errors import ConfigError

    bench = config.bench
    if bench.timeline and config.mode != RING:
        raise ConfigError(f"bench.timeline=true: only {RING} and allreduce leave one, {config.mode} runs no Horovod.")
    chosen = bench.chosen(bench.local)
    return MeasuringPlan(
        mode=config.mode,
        models=chosen.models,
        processes=chosen.processes or (1,),
        servers=bench.servers or 1,
        batch=chosen.batch,
        image_size=chosen.image_size,
        iterations=bench.iterations,
        warmup=bench.warmup,
        seed=config.seed,
        cores=cores(),
        threads=config.threads,
        hosts=() if bench.hosts is None else parse_hosts(bench.hosts),
        timeline=str(timelines.resolve()) if bench.timeline else "",
    )


def table(rows: Sequence[Row]) -> list[str]:
    """The rows for a terminal; one process with all cores is marked so."""
    head = (
        f"{'mode':<15}{'model':<14}{'W':>3}{'servers':>8}{'threads':>8}{'images/s':>10}{'±':>7}{'jitter':>8}"
        f"{'T_W/(W·T_1)':>13}{'/indep.':>9}{'MB/step':>9}{'CPU s':>8}{'GB':>6}"
    )
    return [head, *map(_line, rows)]


def _line(row: Row) -> str:
    marks = ", oversubscribed" if row["oversubscribed"] else ""
    marks += ", all cores" if row["kind"] == "reference" else ""
    stale = row.get("staleness")
    marks += "" if stale is None else f", staleness {stale:.1f} (at most {row['most_staleness']})"
    held = row.get("bytes_per_server")
    marks += f", MB per server: {' '.join(f'{one / 1e6:.1f}' for one in held)}" if held else ""
    return (
        f"{row['mode']:<15}{Path(row['model']).name:<14}{row['processes']:>3}{row['servers'] or '-':>8}"
        f"{row['threads']:>8}{row['images_per_second']:>10,.1f}{row['uncertainty']:>7.1f}{row['jitter']:>8.1f}"
        f"{_share(row['efficiency']):>13}{_share(row['efficiency_independent']):>9}{row['bytes_moved'] / 1e6:>9.1f}"
        f"{row['cpu_seconds']:>8.1f}{row['peak_memory_bytes'] / 1e9:>6.1f}  {marks.removeprefix(', ')}"
    )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _check(config: BenchConfig, plan: Any) -> dict[int, Any]:
    """What can be known to fail without TensorFlow; the hosts of a job by its number of processes.

    Raises:
        ConfigError: a model is unknown.
        LaunchError: Horovod, memory, a host or a port is missing.
    """
    from nas_cli.bench.measuring.measurement import RING, SERVED
    from nas_cli.distributed.hosts import assigned
    from nas_cli.distributed.preflight import preflight
    from nas_cli.distributed.server_roles import find_cluster

    known = [each for name in plan.models if (each := _memory(name, plan)) is not None]
    memory, most = max(known, default=None), max(plan.processes)
    whole = preflight(most, config.bench.hosts, plan.cores, memory, "-np or bench.batch", plan.mode == RING)
    if plan.mode in SERVED:
        find_cluster(assigned(whole.hosts, most), plan.servers, config.bench.port)
    return {
        workers: replace(whole, processes=workers, hosts=tuple(assigned(whole.hosts, workers)))
        for workers in {1, *plan.processes}
    }


def _memory(name: str, plan: Any) -> float | None:
    """Bytes that training takes in one process, where that is known without TensorFlow."""
    from nas_cli.bench.measuring.measurement import CLASSES
    from nas_cli.costs.architecture_cost import architecture_cost
    from nas_cli.models.reference import find_architecture

    network = find_architecture(name, (plan.image_size, plan.image_size, 3), CLASSES)
    if network is None:
        return None
    return float(architecture_cost(network).training_bytes(plan.batch))


def _described(name: str, image_size: int) -> str:
    from nas_cli.bench.measuring.measurement import CLASSES
    from nas_cli.costs.architecture_cost import architecture_cost
    from nas_cli.models.reference import find_architecture

    network = find_architecture(name, (image_size, image_size, 3), CLASSES)
    if network is None:
        return f"{name} at {image_size} pixels, counted when it is built"
    cost = architecture_cost(network)
    return f"{name} at {image_size} pixels, {cost.params:,} parameters, {cost.macs / 1e6:,.1f} MMACs"


def _note(line: str) -> None:
    click.echo(line, err=True)
