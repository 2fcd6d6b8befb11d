"""Measuring messages as a run: the rows of a size in the journal as soon as they are there, and summary.json."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from nas_cli.bench.allreduce.job import Job, OnRows
from nas_cli.bench.allreduce.method import CEILINGS, PULL, PUSH, Method, beginnings, method_of, ring_methods
from nas_cli.bench.allreduce.row import Row
from nas_cli.bench.allreduce.table import best_settings
from nas_cli.bench.measuring.run import summarise as summarise_rows
from nas_cli.bench.recording import Recording, recording
from nas_cli.errors import ConfigError
from nas_cli.runs.folder import RunFolder

Event = Mapping[str, Any]
Carry = Callable[[Job, OnRows], None]
"""Carries a job out: see `job.carry_out`."""


@dataclass(frozen=True, kw_only=True)
class MessagePlan:
    """What is measured between each number of `processes`; see `Job`."""

    processes: tuple[int, ...]
    sizes: tuple[int, ...]
    cycles_ms: tuple[float, ...]
    fusions_mb: tuple[int, ...]
    pieces: int
    rounds: int
    threads: int | None
    cores: int
    collective: str
    timeline: str = ""
    seed: int = 0

    def __post_init__(self) -> None:
        """
        Raises:
            ConfigError: a list is empty, or a process would be alone.
        """
        named = {"-np": self.processes, "bench.message_mb": self.sizes, "bench.cycle_ms": self.cycles_ms,
                 "bench.fusion_mb": self.fusions_mb}  # fmt: skip
        for key, values in named.items():
            if not values:
                raise ConfigError(f"{key} is empty: name at least one.")
        if min(self.processes) < 2:
            raise ConfigError(f"-np {min(self.processes)}: one process has nobody to send to; take at least 2.")

    def jobs(self) -> Iterator[Job]:
        """A ring for each of Horovod's settings, then the server, for each number of processes."""
        for processes in self.processes:
            served = Job(
                processes=processes,
                threads=self.threads or max(1, self.cores // processes),
                cores=self.cores,
                methods=(Method(PULL), Method(PUSH)),
                sizes=self.sizes,
                rounds=self.rounds,
            )
            for methods in beginnings(ring_methods(self.cycles_ms, self.fusions_mb, self.pieces)):
                yield replace(served, methods=methods, collective=self.collective, timeline=self.timeline)
            yield served


@contextmanager
def measuring(run: RunFolder, plan: MessagePlan, start: Event, launched: float) -> Iterator["Session | None"]:
    """A session of the run, begun or continued; None if it is complete. At its end summary.json is there.

    Events: start, then `measured` with the rows of a message size each, then end.
    """
    head = {"seed": plan.seed, **start}
    with recording(run, head, launched, lambda events: summarise(events, run)) as found:
        yield None if found is None else Session(found, plan)


class Session:
    """One session of a run."""

    def __init__(self, recording: Recording, plan: MessagePlan) -> None:
        self._recording, self._plan = recording, plan

    def carry_out(self, carry: Carry, on_rows: OnRows) -> None:
        """Measures the sizes that are not in the journal yet; `on_rows` gets the rows of each, old ones too."""
        for job in self._plan.jobs():
            there = {size: self._rows(job, size) for size in job.sizes}
            for rows in there.values():
                if rows:
                    on_rows([row for row in rows if row["method"] not in CEILINGS])
            missing = tuple(size for size, rows in there.items() if not rows)
            if missing:
                carry(replace(job, sizes=missing), lambda rows: self._take(rows, on_rows))
        self._recording.record({"event": "end"})

    def _rows(self, job: Job, size: int) -> list[Row]:
        """The rows of a size in the journal; none if one of its methods is missing."""
        rows = [
            row
            for row in self._recording.rows()
            if (row["processes"], row["message_bytes"]) == (job.processes, size) and method_of(row) in job.methods
        ]
        return rows if {method_of(row) for row in rows} == set(job.methods) else []

    def _take(self, rows: list[Row], on_rows: OnRows) -> None:
        # Both ceilings are measured with every setting, whose rows say what they were beside it.
        seen = {(row["processes"], row["message_bytes"], row["method"]) for row in self._recording.rows()}
        new = [
            row
            for row in rows
            if row["method"] not in CEILINGS or (row["processes"], row["message_bytes"], row["method"]) not in seen
        ]
        self._recording.record({"event": "measured", "rows": new})
        on_rows(new)


def summarise(events: Sequence[Event], run: RunFolder) -> dict[str, Any]:
    """The content of summary.json, version 1: as `nas_cli.bench.measuring.run.summarise`, with rows as in
    `nas_cli.bench.allreduce.row`, `best_settings` and `timeline` (files, by name)."""
    summary = summarise_rows(events)
    timelines = sorted((run.path / "timeline").glob("*.json"))
    return {
        **summary,
        "best_settings": best_settings(summary["rows"]),
        "timeline": [str(file.relative_to(run.path)) for file in timelines],
    }


def message_memory(sizes: Sequence[int]) -> float:
    """Bytes that each process needs for messages of these sizes, which lie beside each other: what it gives, what it
    gets and what Horovod joins, for one tensor and for several, and what is shifted and copied."""
    return 8.0 * sum(sizes)
