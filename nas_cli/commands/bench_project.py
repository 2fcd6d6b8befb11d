"""`nas bench --mode project` and `--mode advise`."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from nas_cli.config import BenchConfig, conf_dir

CLASSES = 1000
ROWS_PER_SECOND = 20_000
SHOWN = 40
"""Rows that are printed; all are in rows.csv."""


def predict(config: BenchConfig) -> list[str]:
    """What will be projected, and about how long it takes."""
    job = make_job(config)
    lines = [
        f"models: {', '.join(_described(workload) for workload in job.workloads)}",
        f"clusters: {'; '.join(f'{cluster.name} ({cluster.description})' for cluster in job.clusters)}",
        f"processes: {', '.join(map(str, job.processes))}; batch {job.batch} per worker",
        f"{job.size} rows, about {1 + job.size / ROWS_PER_SECOND:.0f} s",
    ]
    lines += _unused(job)
    for calibration in job.calibrations:
        if calibration.rows:
            lines.append(fit_line(calibration.cluster.name, calibration.fitted, calibration.rows, calibration.rms))
    return lines


def execute(config: BenchConfig, run: Any) -> Mapping[str, Any]:
    """The summary of the projection in `run`, with rows.csv, figures and a page."""
    launched = time.time()
    from nas_cli.bench.projection.run import run_projection
    from nas_cli.reports import build
    from nas_cli.runs.identity import config_digest
    from nas_cli.schema import plain

    with run.lock():
        start = {"command": "bench", "mode": config.mode, "config_digest": config_digest(plain(config))}
        try:
            job = make_job(config)
            for line in _unused(job):
                click.echo(line, err=True)
            summary = run_projection(run, job, start, launched)
        except KeyboardInterrupt:
            click.echo(f"interrupted: go on with  nas bench --resume {run.path}", err=True)
            return {"status": "interrupted"}
        build(run.path)
    for line in report_lines(summary, run.path):
        click.echo(line, err=True)
    return summary


def make_job(config: BenchConfig) -> Any:
    """The job that a configuration asks for.

    Raises:
        ConfigError: naming the first model, cluster, mode or parameter that is unknown.
        DataError: if the measured rows cannot be read.
    """
    from nas_cli.bench.projection.cluster import load_cluster
    from nas_cli.bench.projection.job import ProjectionJob, doublings
    from nas_cli.bench.rows import read_measured

    bench = config.bench
    chosen = bench.chosen(bench.projected)
    return ProjectionJob(
        clusters=tuple(load_cluster(name, conf_dir() / "cluster") for name in dict.fromkeys(bench.clusters)),
        workloads=tuple(find_workload(name, chosen.image_size) for name in dict.fromkeys(chosen.models)),
        modes=tuple(dict.fromkeys(bench.modes)),
        processes=tuple(dict.fromkeys(chosen.processes or doublings(bench.most_processes))),
        batch=chosen.batch,
        servers=bench.servers,
        measured=tuple(read_measured(Path(bench.measured))) if bench.measured else (),
        fit=bench.fit,
        advise=config.mode == "advise",
        seed=config.seed,
    )


def _unused(job: Any) -> list[str]:
    """A line where measured rows are of something that is not projected."""
    models = ", ".join(sorted({row.model for row in job.unused}))
    few = f"{len(job.unused)} of {len(job.measured)} measured rows ({models})"
    return [f"{few} are of models or clusters that are not projected: they are not used"] if job.unused else []


def find_workload(name: str, image_size: int) -> Any:
    """The network's profile, or its cost where it can be counted without TensorFlow.

    Raises:
        ConfigError: if there is no such network, or only TensorFlow could count it.
    """
    from nas_cli.bench.projection.workload import names, of_cost, profiled
    from nas_cli.errors import ConfigError
    from nas_cli.models import zoo
    from nas_cli.models.zoo.catalogue import OWN
    from nas_cli.schema import nearest

    if name in names():
        return profiled(name)
    known = (*names(), *sorted(set(OWN) - set(names())))
    if name not in OWN and not Path(name).exists():
        hint = "" if name in zoo.names() else nearest(name, known)
        raise ConfigError(f"model '{name}' has no profile.{hint} Known: {', '.join(known)}; or an architecture's path.")
    from nas_cli.costs.architecture_cost import architecture_cost
    from nas_cli.models.reference import find_architecture

    network = find_architecture(name, (image_size, image_size, 3), CLASSES)
    if network is None:
        raise ConfigError(f"{name} has no architecture.json, and is not projected. Known: {', '.join(known)}.")
    return of_cost(name, image_size, architecture_cost(network))


def fit_line(cluster: str, fitted: Mapping[str, float], rows: int, rms: float) -> str:
    """What a calibration found, in one line."""
    values = ", ".join(f"{name} = {value:.4g}" for name, value in fitted.items())
    return f"{cluster} fitted to {rows} measured rows, off by {rms:.1%} (root mean square): {values or 'nothing'}"


def report_lines(summary: Mapping[str, Any], path: Path) -> list[str]:
    """What a user wants to see at once: fits, advice, the first rows, and where the rest is."""
    lines = [
        fit_line(name, fit["fitted"], fit["fitted_rows"], fit["rms"]) for name, fit in summary["calibrations"].items()
    ]
    lines += _batch_note(summary["rows"])
    for advice in summary["advice"]:
        lines += ["", *advice["sentences"], "", *_table(advice["choices"])]
    if not summary["advice"]:
        rows = [row for row in summary["rows"] if row["kind"] == "projected"]
        lines += _table(rows[:SHOWN])
        lines += [f"… {len(rows) - SHOWN} more rows in {path / 'rows.csv'}"] if len(rows) > SHOWN else []
    return [*lines, f"report: {path / 'report.html'}"]


def _batch_note(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """A warning where measured points stand beside projections for another batch."""
    projected = {row["batch"] for row in rows if row["kind"] == "projected"}
    others = sorted({row["batch"] for row in rows if row["kind"] == "measured"} - projected)
    if not others:
        return []
    told = ", ".join(map(str, others))
    return [f"measured with batch {told}, but not projected for it: set bench.batch={others[0]} to compare."]


def _table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    head = f"{'cluster':<13}{'mode':<16}{'model':<14}{'W':>7}{'servers':>8}{'images/s':>12}{'efficiency':>11}  binds"
    return [head] + [
        f"{row['cluster']:<13}{row['mode']:<16}{row['model']:<14}{row['processes']:>7}{row['servers'] or '-':>8}"
        f"{row['images_per_second']:>12,.1f}{row['efficiency']:>11.1%}  {row['binds']}"
        f"{', oversubscribed' if row['oversubscribed'] else ''}"
        for row in rows
    ]


def _described(workload: Any) -> str:
    return (
        f"{workload.name} ({workload.params / 1e6:.1f} M parameters in {len(workload.tensors)} tensors, "
        f"{workload.macs / 1e9:.1f} GMACs at {workload.image_size} pixels)"
    )
