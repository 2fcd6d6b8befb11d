"""Measuring as a run: a row in the journal as soon as it is measured, and summary.json."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from nas_cli.bench.measuring.measurement import Measurement
from nas_cli.bench.measuring.plan import Comparison, MeasuringPlan
from nas_cli.bench.measuring.row import HERE, MEASURED, Row, row_of
from nas_cli.bench.recording import VERSION, Recording, recording
from nas_cli.bench.rows import REFERENCE
from nas_cli.costs.cost import FLOAT32_BYTES
from nas_cli.errors import LaunchError
from nas_cli.runs.folder import RunFolder
from nas_cli.runs.sessions import wall_seconds

Event = Mapping[str, Any]
Carry = Callable[[Measurement], Mapping[str, Any]]
"""Carries a measurement out: see `job.carry_out`."""


@contextmanager
def measuring(run: RunFolder, plan: MeasuringPlan, start: Event, launched: float) -> Iterator["Session | None"]:
    """A session of the run, begun or continued; None if it is complete. At its end summary.json is there.

    Events: start, then `measured` with one row each, then end.
    """
    with recording(run, {"seed": plan.seed, **start}, launched, summarise) as found:
        yield None if found is None else Session(found, plan)


class Session:
    """One session of a run."""

    def __init__(self, recording: Recording, plan: MeasuringPlan) -> None:
        self._recording, self._plan = recording, plan

    def carry_out(self, carry: Carry, free_bytes: Callable[[], float], on_row: Callable[[Row], None]) -> None:
        """Measures what is not in the journal yet.

        `free_bytes`: of memory, now. `on_row` gets each row, those that were there too.

        Raises:
            LaunchError: processes would not fit into the memory.
        """
        self._carry, self._free_bytes, self._on_row = carry, free_bytes, on_row
        for comparison in self._plan.jobs():
            self._compare(comparison)
        self._recording.record({"event": "end"})

    def _compare(self, these: Comparison) -> None:
        single = self._row(these.single)
        if these.whole.threads != these.single.threads:
            self._row(these.whole, REFERENCE)
        alone = single["images_per_second"]
        self._check_memory(these.own, single)
        without = single if these.without.processes == 1 else self._row(these.without, single=alone)
        if not _same(these.own, without):
            self._row(these.own, single=alone, independent=without["images_per_second"])

    def _row(
        self,
        job: Measurement,
        kind: str = MEASURED,
        single: float | None = None,
        independent: float | None = None,
    ) -> Row:
        """The row of a measurement, from the journal or made now."""
        found: Row | None = next(
            (row for row in self._recording.rows() if kind in (row["kind"], REFERENCE) and _same(job, row)), None
        )
        if found is None:
            cluster = "" if self._plan.hosts else HERE
            found = row_of(job, self._carry(job), self._plan.cores, kind, single, independent, cluster)
            self._recording.record({"event": "measured", "rows": [found]})
        self._on_row(found)
        return dict(found)

    def _check_memory(self, job: Measurement, single: Row) -> None:
        each, free = single["peak_memory_bytes"], self._free_bytes()
        # A process of a job needs as much as the one alone, and room for the messages; servers have a coordinator.
        room, here = each + FLOAT32_BYTES * single["params"], job.crowd + (job.servers > 0)
        if job.processes > 1 and here * room > free:
            fits = int(free // room) - (here - job.processes)
            all_here = job.crowd == job.processes + job.servers
            raise LaunchError(
                f"{here} processes need about {here * room / 1e9:.1f} GB (one of {job.model} with batches of "
                f"{job.batch} took {each / 1e9:.1f} GB), {free / 1e9:.1f} GB are free: "
                + (f"-np {fits} or a smaller" if all_here and fits > 0 else "use a smaller")
                + " bench.batch"
                + (" would fit." if all_here and fits > 0 else ".")
            )


def _same(job: Measurement, row: Mapping[str, Any]) -> bool:
    kept = ("mode", "model", "processes", "servers", "threads", "batch", "image_size")
    return all(row[key] == getattr(job, key) for key in kept)


def summarise(events: Sequence[Event]) -> dict[str, Any]:
    """The content of summary.json, version 1.

    Keys: version, command, mode, status, seed, wall_seconds (over all sessions, without the pauses), trials and failed
    (0), best (null), rows (columns as in `nas_cli.bench.rows`, of `kind` measured, or reference: one process with all
    cores), timeline (the files with traces of Horovod, if any).
    """
    start = next(event for event in events if event["event"] == "start")
    rows = [row for event in events if event["event"] == "measured" for row in event["rows"]]
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
        "timeline": [row["timeline"] for row in rows if row.get("timeline")],
    }
