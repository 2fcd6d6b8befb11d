"""summary.json of a morph run."""

from collections.abc import Mapping, Sequence
from typing import Any

from nas_cli.runs.conclusion import epochs_by_phase, summary_head

VERSION = 1

Event = Mapping[str, Any]


def summarise(events: Sequence[Event]) -> dict[str, Any]:
    """The content of summary.json, version 1.

    Keys: version, command, status, seed, wall_seconds (over all sessions, without the pauses), trials and failed (0),
    best {id: null, valid_…, test_…, flops, params, architecture} of the smaller network, morph {target, phases
    {name: epochs}, before and after {flops, macs, params, activation_bytes, file_bytes, ms_per_image, valid_…,
    test_…, weights}, shrunk [{iteration, alive, channels, cost_before, cost_after, strength, threshold, omega}],
    warnings, teacher, dataset, model}. `before.weights` says what its accuracy is of: baseline, train, given or null;
    `teacher` holds the settings by which the network before the first shrinking taught the last, or null.
    """
    first = {event["event"]: event for event in reversed(events)}
    start, end, test = first["start"], first.get("end", {}), first.get("test")
    shrunk = [event for event in events if event["event"] == "shrunk"]
    sides = end.get("morph", {})
    return {
        **summary_head(events, VERSION),
        "best": _best(test, sides, shrunk),
        "morph": {
            "target": start.get("target"),
            "phases": epochs_by_phase(events),
            "before": sides.get("before", start["cost"]),
            "after": sides.get("after"),
            "shrunk": [_brief(event) for event in shrunk],
            "warnings": list(dict.fromkeys(text for event in shrunk for text in event["warnings"])),
            "teacher": start.get("teacher"),
            "dataset": start["dataset"],
            "model": start["model"],
        },
    }


def _best(test: Event | None, sides: Mapping[str, Any], shrunk: Sequence[Event]) -> dict[str, Any] | None:
    if test is None or not shrunk:
        return None
    cost = sides.get("after") or shrunk[-1]["cost"]
    return {
        "id": None,
        **test["valid"],
        **test["metrics"],
        "flops": cost["flops"],
        "params": cost["params"],
        "architecture": shrunk[-1].get("architecture"),
    }


def _brief(event: Event) -> dict[str, Any]:
    groups = event["groups"]
    whole = {"alive": sum(group["alive"] for group in groups), "channels": sum(group["before"] for group in groups)}
    named = ("iteration", "cost_before", "cost_after", "strength", "threshold", "omega")
    return {key: event.get(key) for key in named} | whole
