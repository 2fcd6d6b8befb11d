"""A run at a glance: its state, score and cost, without reading more than that takes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nas_cli.errors import RunError
from nas_cli.reports.history import History
from nas_cli.reports.measure import finite, measure_of
from nas_cli.reports.outcome import test_value
from nas_cli.reports.source import Source, environment
from nas_cli.runs.finding import size_bytes
from nas_cli.runs.folder import CONFIG, RunFolder

COMPLETED, RUNNING, DAMAGED = "completed", "running", "damaged"
FINAL = "summary.json"


@dataclass(frozen=True)
class Glance:
    """`status` is completed, running, interrupted, failed, unfinished (killed, or nothing done yet) or damaged.

    `valid` and `test` are values of `measure` ('accuracy', a share of 1; 'rmse'; …), as texts in `valid_text`,
    `test_text`; `begun` is in unix seconds.
    """

    path: Path
    command: str
    status: str
    measure: str
    valid: float | None
    test: float | None
    valid_text: str
    test_text: str
    flops: float | None
    params: float | None
    trials: int
    failed: int
    begun: float
    size_bytes: int


def glance(run: RunFolder) -> Glance:
    """What the run's summary says if it is complete, or else its journal as far as it has come."""
    try:
        first = run.first_event() or {}
        summary = _summary(run)
        found = _finished(summary) if summary.get("status") == COMPLETED else _so_far(run)
    except RunError:
        first, found = {}, {**_values({}, None), "status": DAMAGED, "trials": 0, "failed": 0}
    command = str(first.get("command") or _typed(run))
    mode = first.get("mode")
    begun = finite(first.get("time")) or (run.path / CONFIG).stat().st_mtime
    named = f"{command} {mode}" if mode else command
    return Glance(path=run.path, command=named, begun=begun, size_bytes=size_bytes(run.path), **found)


def _typed(run: RunFolder) -> str:
    """The command as it was typed, for a journal that does not say: it has not begun, or cannot be read."""
    try:
        line = Source(run.path, History(()), {}, environment(run.path)).command_line
    except RunError:
        line = ""
    return line.split()[1] if line else run.path.resolve().name.partition("-")[0]


def _summary(run: RunFolder) -> Mapping[str, Any]:
    try:
        value = json.loads((run.path / FINAL).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _finished(summary: Mapping[str, Any]) -> dict[str, Any]:
    best = summary.get("best") or {}
    counts = {key: int(summary.get(key) or 0) for key in ("trials", "failed")}
    return {**_values(best, finite(best.get("fitness"))), **counts, "status": COMPLETED}


def _values(best: Mapping[str, Any], fitness: float | None) -> dict[str, Any]:
    measure = measure_of([(best, fitness)])
    valid = measure.valid(best)
    valid = fitness if valid is None else valid
    return {
        "measure": measure.name,
        "valid": valid,
        "test": measure.test(best),
        "valid_text": measure.text(valid),
        "test_text": measure.text(measure.test(best)),
        "flops": finite(best.get("flops")),
        "params": finite(best.get("params")),
    }


def _so_far(run: RunFolder) -> dict[str, Any]:
    history = History(run.events())
    source = Source(run.path, history, {}, {})
    measure, test = history.measure, test_value(history)
    return {
        "measure": measure.name,
        "valid": source.best_valid,
        "test": test,
        "valid_text": measure.text(source.best_valid),
        "test_text": measure.text(test),
        "flops": source.flops,
        "params": source.params,
        "trials": len(history.trials),
        "failed": len(history.failed),
        "status": RUNNING if run.lock().is_held() else source.status,
    }
