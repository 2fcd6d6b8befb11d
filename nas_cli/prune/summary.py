"""summary.json of a pruning run."""

from collections.abc import Mapping, Sequence
from typing import Any

from nas_cli.prune.phases import MAIN
from nas_cli.runs.conclusion import epochs_by_phase, summary_head

VERSION = 1

Event = Mapping[str, Any]


def summarise(events: Sequence[Event]) -> dict[str, Any]:
    """The content of summary.json, version 1.

    Keys: version, command, status, seed, wall_seconds (over all sessions, without the pauses), trials and failed (0),
    best {id: null, valid_…, test_…, flops, params, architecture (null where single weights went, or the network cannot
    be written as one)} of the pruned network, prune {criterion, granularity, spread, schedule, target, engine, rewind,
    phases {name: epochs}, before, after, random {flops, macs, params, activation_bytes, nonzero, file_bytes,
    compressed_bytes, ms_per_image, valid_…, test_…, weights}, rounds [{arm, round, sparsity (of what can be pruned),
    left, total, flops, params, nonzero, valid_… (after the training of the round), cut_valid_… (right after the
    removal), reinit_valid_…, test_…}], sensitivity [{layer, points [[share, {valid_…}]]}], warnings, teacher,
    dataset, model}.
    `before.weights` says what its accuracy is of: baseline, train, given or null; `random` is null without that arm;
    `teacher` holds the settings by which the network before the first round taught what was left of it, or null.
    """
    first = {event["event"]: event for event in reversed(events)}
    start, end, test = first["start"], first.get("end", {}), first.get("test")
    pruned = [event for event in events if event["event"] == "pruned"]
    sides = end.get("prune", {})
    return {
        **summary_head(events, VERSION),
        "best": _best(test, sides, pruned),
        "prune": {
            **{key: start.get(key) for key in SAID},
            "phases": epochs_by_phase(events),
            "before": sides.get("before", {**start["cost"], "nonzero": start["nonzero"]}),
            "after": sides.get("after"),
            "random": sides.get("random"),
            "rounds": rounds(events),
            "sensitivity": [
                {"layer": event["layer"], "points": event["points"]}
                for event in events
                if event["event"] == "sensitivity"
            ],
            "warnings": list(dict.fromkeys(text for event in pruned for text in event.get("warnings", ()))),
            "teacher": start.get("teacher"),
            "dataset": start["dataset"],
            "model": start["model"],
        },
    }


SAID = ("criterion", "granularity", "spread", "schedule", "target", "engine", "rewind")
"""What the start event says of the settings."""


def rounds(events: Sequence[Event]) -> list[dict[str, Any]]:
    """A row for each removal, by arm and round."""
    ended = {event["name"]: event for event in events if event["event"] == "phase"}
    tested = next((event.get("rounds") or {} for event in events if event["event"] == "test"), {})
    return [_row(event, ended, tested) for event in events if event["event"] == "pruned"]


def _row(pruned: Event, ended: Mapping[str, Event], tested: Mapping[str, Event]) -> dict[str, Any]:
    head = "" if pruned["arm"] == MAIN else f"{pruned['arm']}-"
    number = pruned["round"]
    names = [name for name in (f"{head}tune-{number}", f"{head}gradual-{number}") if name in ended]
    trained = ended[names[0]]["valid"] if names else {} if _trains(pruned) else pruned["valid"]
    again = ended.get(f"reinit-{number}", {}).get("valid", {}) if pruned["arm"] == MAIN else {}
    named = [name for name in (*names, f"{head}prune-{number}") if name in tested]
    control = tested.get(f"reinit-{number}", {}) if pruned["arm"] == MAIN else {}
    return {
        **{key: pruned[key] for key in ("arm", "round", "sparsity", "left", "total", "nonzero")},
        **{key: pruned["cost"][key] for key in ("flops", "params")},
        **trained,
        **{f"cut_{key}": value for key, value in pruned["valid"].items()},
        **{f"reinit_{key}": value for key, value in again.items()},
        **(tested[named[0]] if named else {}),
        **{f"reinit_{key}": value for key, value in control.items()},
    }


def _trains(pruned: Event) -> bool:
    return bool(pruned["epochs_after"])


def _best(test: Event | None, sides: Mapping[str, Any], pruned: Sequence[Event]) -> dict[str, Any] | None:
    own = [event for event in pruned if event["arm"] == MAIN]
    if test is None or not own:
        return None
    cost = sides.get("after") or own[-1]["cost"]
    sizes = {"flops": cost["flops"], "params": cost["params"], "architecture": last_architecture(pruned)}
    return {"id": None, **test["valid"], **test["metrics"], **sizes}


def last_architecture(events: Sequence[Event]) -> Any:
    """The network that the last removal left, as JSON; None where it has none."""
    own = [event for event in events if event["event"] == "pruned" and event["arm"] == MAIN]
    return own[-1].get("architecture") if own else None
