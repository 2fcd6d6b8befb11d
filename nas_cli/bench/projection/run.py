"""A projection as a run: its journal, and summary.json."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from nas_cli.bench.projection.advise import FAIR, GOOD, SYNCHRONOUS, advise, best_of_mode
from nas_cli.bench.projection.calibrate import Calibration
from nas_cli.bench.projection.cluster import Cluster
from nas_cli.bench.projection.job import ProjectionJob
from nas_cli.bench.projection.project import Projection, project_all
from nas_cli.bench.projection.workload import Workload
from nas_cli.bench.rows import Measured
from nas_cli.runs.folder import RunFolder
from nas_cli.runs.journal import Journal
from nas_cli.runs.sessions import wall_seconds

VERSION = 1

Event = Mapping[str, Any]


def run_projection(run: RunFolder, job: ProjectionJob, start: Event, launched: float) -> dict[str, Any]:
    """The summary of the run, begun, continued, or complete already.

    Events: start, then per cluster `calibration` (if rows were given), `measured` and, per network, `rows` or `advice`,
    then end. What is in the journal is not computed again.
    """
    events: list[Event] = list(run.events())
    # What cannot be fitted is found out before anything is written.
    _ = job.calibrations
    if not any(event["event"] == "end" for event in events):
        with run.journal() as journal:
            _Session(journal, events, job).carry_out(start, launched)
    summary = summarise(events)
    run.write_json("summary.json", summary)
    return summary


class _Session:
    """One session of a run; `events` grows with the journal."""

    def __init__(self, journal: Journal, events: list[Event], job: ProjectionJob) -> None:
        self._journal, self._events, self._job = journal, events, job

    def carry_out(self, start: Event, launched: float) -> None:
        """Does what is left."""
        if self._events:
            self._record({"event": "resume", "launched": launched})
        else:
            head = {"event": "start", "version": VERSION, "seed": self._job.seed}
            self._record({**head, **start, "launched": launched})
        for calibration in self._job.calibrations:
            self._cluster(calibration)
        self._record({"event": "end"})

    def _cluster(self, calibration: Calibration) -> None:
        cluster, rows = calibration.cluster, self._job.rows_of(calibration.cluster)
        if rows:
            self._once("calibration", cluster, "", lambda: calibration_block(calibration))
            self._once("measured", cluster, "", lambda: {"rows": [measured_row(row, cluster) for row in rows]})
        for workload in self._job.workloads:
            if self._job.advise:
                self._once("advice", cluster, workload.name, partial(advice, cluster, workload, self._job))
            else:
                self._once("rows", cluster, workload.name, partial(self._rows, cluster, workload))

    def _rows(self, cluster: Cluster, workload: Workload) -> dict[str, Any]:
        job = self._job
        made = project_all([cluster], [workload], job.modes, job.processes, job.batch, job.servers)
        return {"rows": [projection.row() for projection in made]}

    def _once(self, kind: str, cluster: Cluster, model: str, make: Callable[[], dict[str, Any]]) -> None:
        name = {"event": kind, "cluster": cluster.name, "model": model}
        if not any(all(event.get(key) == value for key, value in name.items()) for event in self._events):
            self._record({**name, **make()})

    def _record(self, event: Event) -> None:
        self._events.append(self._journal.append(event))


def advice(cluster: Cluster, workload: Workload, job: ProjectionJob) -> dict[str, Any]:
    """The recommendation as JSON values: `sentences`, the best choice of each mode (`choices`), and the rows of the
    fastest synchronous mode for every number of workers (`rows`).

    It is for the largest number of workers at which training scales well, else fairly, else the smallest.
    """
    best = {workers: _fastest(cluster, workload, workers, job.batch) for workers in job.processes}
    reached = [[w for w, made in best.items() if made.efficiency >= bound] for bound in (GOOD, FAIR)]
    several = [[w for w in found if w > 1] for found in reached]
    workers = max(next((found for found in several if found), [min(best)]))
    found = advise(cluster, workload, workers, job.batch)
    sentences = list(found.sentences)
    if len(best) > 1:
        sentences.insert(1, _reach(best))
    return {
        "processes": workers,
        "sentences": sentences,
        "recommended": {"mode": found.best.mode, "servers": found.best.servers, "binds": found.best.step.binds},
        "choices": [made.row() for made in found.choices],
        "rows": [made.row() for made in best.values()],
    }


def _fastest(cluster: Cluster, workload: Workload, workers: int, batch: int) -> Projection:
    choices = [best_of_mode(cluster, workload, mode, workers, batch) for mode in SYNCHRONOUS]
    return max(choices, key=lambda made: made.images_per_second)


def _reach(best: Mapping[int, Projection]) -> str:
    parts = []
    for bound in (GOOD, FAIR):
        reached = [workers for workers, made in best.items() if made.efficiency >= bound]
        parts.append(f"{bound:.0%} up to {max(reached):,}" if reached else f"{bound:.0%} nowhere")
    return f"Efficiency stays above {parts[0]} and above {parts[1]} of the {max(best):,} workers that were looked at."


def calibration_block(calibration: Calibration) -> dict[str, Any]:
    """What was fitted, as JSON values: `fitted` and `spread` by dotted name, `fitted_rows`, `rms` of ln(ratio)."""
    return {
        "fitted": calibration.fitted,
        "spread": calibration.spread,
        "fitted_rows": calibration.rows,
        "rms": calibration.rms,
        "profile": asdict(calibration.cluster),
    }


def measured_row(row: Measured, cluster: Cluster) -> dict[str, Any]:
    """A measured row in the form of all rows."""
    return {"kind": "measured", **asdict(row), "servers": row.servers or 0, "cluster": cluster.name}


def summarise(events: Sequence[Event]) -> dict[str, Any]:
    """The content of summary.json, version 1.

    Keys: version, command, mode, status, seed, wall_seconds (over all sessions, without the pauses), trials and failed
    (0), best (null), rows (columns as in `nas_cli.bench.rows`), calibrations {cluster: {fitted, spread, fitted_rows,
    rms}}, advice [{cluster, model, processes, sentences, recommended {mode, servers, binds}, choices}].
    """
    start = next(event for event in events if event["event"] == "start")
    rows = [row for event in events if event["event"] in ("measured", "rows", "advice") for row in event["rows"]]
    fits = [event for event in events if event["event"] == "calibration"]
    advised = [event for event in events if event["event"] == "advice"]
    kept = ("fitted", "spread", "fitted_rows", "rms")
    told = ("cluster", "model", "processes", "sentences", "recommended", "choices")
    return {
        "version": VERSION,
        "command": "bench",
        "mode": start["mode"],
        "status": "completed" if any(event["event"] == "end" for event in events) else "interrupted",
        "seed": start["seed"],
        "wall_seconds": wall_seconds(events),
        "trials": 0,
        "failed": 0,
        "best": None,
        "rows": rows,
        "calibrations": {event["cluster"]: {key: event[key] for key in kept} for event in fits},
        "advice": [{key: event[key] for key in told} for event in advised],
    }
