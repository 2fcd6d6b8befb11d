"""`nas bench --mode allreduce`: what Horovod and parameter servers move, against what this machine can move at all."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import click

from nas_cli.commands.machine import cores
from nas_cli.config import BenchConfig

Row = Mapping[str, Any]

TIMELINES = "timeline"


def predict(config: BenchConfig) -> list[str]:
    """What will be measured between how many processes."""
    plan = make_plan(config)
    _check(config, plan)
    sizes = ", ".join(_size(size) for size in plan.sizes)
    methods = dict.fromkeys(method.label for job in plan.jobs() for method in job.methods)
    return [
        f"messages of {sizes} between {', '.join(map(str, plan.processes))} processes on {plan.cores} cores, "
        f"{plan.rounds} rounds, {plan.collective}",
        f"{len(methods)} rows a size: {'; '.join(methods)}",
    ]


def execute(config: BenchConfig, run: Any) -> Mapping[str, Any]:
    """The summary of the measurements in `run`, with rows.csv, a figure and a page."""
    launched = time.time()
    from nas_cli.bench.allreduce.job import carry_out
    from nas_cli.bench.allreduce.method import CEILINGS
    from nas_cli.bench.allreduce.run import measuring, summarise
    from nas_cli.reports import build
    from nas_cli.runs.identity import config_digest
    from nas_cli.schema import plain

    timeline = str((run.path / TIMELINES).resolve()) if config.bench.timeline else ""
    plan = make_plan(config, timeline)
    with run.lock():
        plans = _check(config, plan)
        start = {"command": "bench", "mode": config.mode, "config_digest": config_digest(plain(config))}
        if timeline:
            (run.path / TIMELINES).mkdir(exist_ok=True)

        def carry(job: Any, on_rows: Any) -> None:
            what = "; ".join(method.label for method in job.methods if method.method not in CEILINGS)
            _note(f"{job.processes} processes, {what}: TensorFlow starts in each …")
            carry_out(job, run.path, run.log, plans[job.processes], config.bench.port, on_rows)

        def on_rows(rows: Sequence[Row]) -> None:
            for line in table(rows, head=False):
                _note(line)

        _note(table([])[0])
        try:
            with measuring(run, plan, start, launched) as session:
                if session is not None:
                    session.carry_out(carry, on_rows)
        except KeyboardInterrupt:
            _note(f"interrupted: go on with  nas bench --resume {run.path}")
            return {"status": "interrupted"}
        build(run.path)
    summary = summarise(run.events(), run)
    for line in [*best_lines(summary["best_settings"]), *_timeline_lines(summary, run.path),
                 f"report: {run.path / 'report.html'}"]:  # fmt: skip
        _note(line)
    return summary


def make_plan(config: BenchConfig, timeline: str = "") -> Any:
    """What a configuration wants to have measured.

    Raises:
        ConfigError: naming what cannot be measured.
    """
    from nas_cli.bench.allreduce.method import message_bytes
    from nas_cli.bench.allreduce.run import MessagePlan
    from nas_cli.distributed.collective import collective_here
    from nas_cli.errors import ConfigError

    bench = config.bench
    if bench.hosts is not None:
        raise ConfigError(f"-H {bench.hosts}: allreduce compares with this machine's loopback device; leave -H out.")
    if bench.servers not in (None, 1):
        raise ConfigError(f"bench.servers={bench.servers}: allreduce measures the traffic of one server.")
    return MessagePlan(
        processes=tuple(dict.fromkeys(bench.chosen(bench.local).processes or ())),
        sizes=tuple(sorted({message_bytes(one) for one in bench.message_mb})),
        cycles_ms=bench.cycle_ms,
        fusions_mb=bench.fusion_mb,
        pieces=bench.pieces,
        rounds=bench.rounds,
        threads=config.threads,
        cores=cores(),
        collective=collective_here(),
        timeline=timeline,
        seed=config.seed,
    )


def table(rows: Sequence[Row], head: bool = True) -> list[str]:
    """The rows for a terminal; behind the share of the median that of the shortest times.

    Idle: the share of a core that each process takes while nothing is sent.
    """
    titles = (
        f"{'message':>9} {'N':>3}  {'method':<50}{'median ms':>11}{'GB/s':>8}{'best':>8}{'of shift':>10}{'best':>7}"
        f"{'CPU s/GB':>10}{'idle':>6}"
    )
    return [*([titles] if head else []), *map(_line, rows)]


def best_lines(best: Sequence[Row]) -> list[str]:
    """What the fastest settings have reached, a line for each size."""
    return [
        f"best at {_size(row['message_bytes'])}, {row['processes']} processes: {row['label']}, "
        f"{row['gb_per_second']:.2f} GB/s, {row['share_of_shift']:.0%} of the shift "
        f"({row['best_share_of_shift']:.0%} by the shortest times)"
        for row in best
    ]


def _line(row: Row) -> str:
    marks = "  oversubscribed" if row["oversubscribed"] else ""
    return (
        f"{_size(row['message_bytes']):>9} {row['processes']:>3}  {row['label']:<50}{1000 * row['seconds']:>11.3f}"
        f"{row['gb_per_second']:>8.3f}{row['best_gb_per_second']:>8.3f}{_share(row.get('share_of_shift')):>10}"
        f"{_share(row.get('best_share_of_shift')):>7}{row['cpu_seconds_per_gb']:>10.2f}{_share(row.get('idle_cores')):>6}{marks}"
    )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _size(size_bytes: int) -> str:
    for unit, factor in (("MB", 10**6), ("KB", 10**3)):
        if size_bytes >= factor:
            return f"{size_bytes / factor:g} {unit}"
    return f"{size_bytes} B"


def _timeline_lines(summary: Mapping[str, Any], path: Any) -> list[str]:
    found = summary["timeline"]
    return [f"{len(found)} timelines in {path / TIMELINES}: open one in ui.perfetto.dev"] if found else []


def _check(config: BenchConfig, plan: Any) -> dict[int, Any]:
    """What can be known to fail before anything is started; the pre-flight of each number of processes.

    Raises:
        LaunchError: Horovod, memory or a port is missing.
    """
    from nas_cli.bench.allreduce.run import message_memory
    from nas_cli.distributed.ports import find_ports
    from nas_cli.distributed.preflight import preflight

    needed = message_memory(plan.sizes)
    plans = {
        processes: preflight(processes, None, plan.cores, needed, "-np or bench.message_mb")
        for processes in plan.processes
    }
    if config.bench.port is not None:
        # The ring's processes, or a coordinator, workers and a server.
        find_ports(max(plan.processes) + 2, config.bench.port)
    return plans


def _note(line: str) -> None:
    click.echo(line, err=True)
