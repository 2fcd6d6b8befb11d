"""What the end of a run says, whatever was done to its network: in its last event, and in summary.json."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from nas_cli.runs.sessions import wall_seconds

Event = Mapping[str, Any]

BEFORE = ("train", "given")
"""Kinds of phases that say what a network was worth before anything went."""


def summary_head(events: Sequence[Event], version: int) -> dict[str, Any]:
    """version, command, status, seed, wall_seconds (over all sessions, without the pauses), and no trials."""
    start = next(event for event in events if event["event"] == "start")
    ended = any(event["event"] == "end" for event in events)
    stops = [event for event in events if event["event"] == "stop"]
    return {
        "version": version,
        "command": start["command"],
        "status": "completed" if ended else stops[-1]["status"] if stops else "interrupted",
        "seed": start["seed"],
        "wall_seconds": wall_seconds(events),
        "trials": 0,
        "failed": 0,
    }


def epochs_by_phase(events: Sequence[Event]) -> dict[str, int]:
    """How many epochs each phase had, by its name."""
    return dict(Counter(event["name"] for event in events if event["event"] == "epoch"))


def known_before(events: Sequence[Event], baseline: str) -> tuple[dict[str, float], str | None]:
    """The scores to set beside the result's, and after what: those of the phase `baseline`, if the test has them, else
    those before anything went."""
    test = next((event for event in events if event["event"] == "test"), {})
    if "before" in test:
        return {**test["before"]["metrics"], **test["before"]["valid"]}, baseline
    ended = {event["phase"]: event for event in events if event["event"] == "phase"}
    for kind in BEFORE:
        if kind in ended:
            return dict(ended[kind]["valid"]), kind
    return {}, None


def spent(events: Sequence[Event], removal: str) -> dict[str, float]:
    """Seconds of training, of evaluation and in all up to now; `removal`: the event of a phase that removes."""
    done = [event for event in events if event["event"] in ("phase", removal)]
    return {
        "train_seconds": sum(event.get("train_seconds", event.get("seconds", 0.0)) for event in done),
        "evaluation_seconds": sum(event.get("evaluation_seconds", 0.0) for event in done),
        "wall_seconds": wall_seconds([*events, {"event": "end", "time": time.time()}]),
    }
