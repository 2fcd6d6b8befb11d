"""summary.json of a quantize run."""

from collections.abc import Mapping, Sequence
from typing import Any

from nas_cli.runs.conclusion import summary_head

VERSION = 1
FROM_START = ("threads", "keras_threads", "repeats", "calibration", "dataset", "model")

Event = Mapping[str, Any]


def summarise(events: Sequence[Event]) -> dict[str, Any]:
    """The content of summary.json, version 1.

    Keys: version, command, status, seed, wall_seconds (over all sessions, without the pauses), trials and failed (0),
    best {id: null, valid_…, test_…, flops, params, architecture: null, method, file_bytes, gzip_bytes} of the chosen
    method, quantize {chosen, why, threads (of TFLite's
    interpreter), keras_threads, repeats, calibration {examples, digest} or null, dataset, model, before,
    methods, chain}.
    `before`: the network as it came, {flops, params, nonzero, file_bytes, gzip_bytes, valid_…, test_…, ms}. `methods`:
    a row per finished method, {name, file, file_bytes, gzip_bytes, weights {type: numbers stored so}, nonzero, layers,
    valid_…, test_…, agreement, difference (validation), test_agreement, test_difference, ms}. `ms`: {median, lower,
    upper} milliseconds of one example. `chain`: a row per run that the network came through, and this one (see
    `chain_rows`). Test values and times are there at the end of the run.
    """
    first = {event["event"]: event for event in reversed(events)}
    start, end = first["start"], first.get("end")
    table = (end or {}).get("quantize") or _so_far(first, events)
    chosen = first.get("chosen", {})
    return {
        **summary_head(events, VERSION),
        "best": _best(table, first) if "test" in first else None,
        "quantize": {
            "chosen": chosen.get("name"),
            "why": chosen.get("why"),
            **{key: start.get(key) for key in FROM_START},
            **{key: table[key] for key in ("before", "methods", "chain")},
        },
    }


def _so_far(first: Mapping[str, Event], events: Sequence[Event]) -> dict[str, Any]:
    """The table of a run that has not ended."""
    given = first.get("given", {})
    before = {key: value for key, value in given.items() if key not in ("event", "time", "valid")}
    rows = {e["name"]: e for e in events if e["event"] == "method"}
    methods = [
        {key: value for key, value in row.items() if key not in ("event", "time", "valid")} | row["valid"]
        for row in rows.values()
    ]
    return {"before": before | given.get("valid", {}), "methods": methods, "chain": first["start"].get("chain") or []}


def _best(table: Mapping[str, Any], first: Mapping[str, Event]) -> dict[str, Any]:
    name = first["chosen"]["name"]
    row = next(row for row in table["methods"] if row["name"] == name)
    return {
        "id": None,
        **first["test"]["valid"],
        **first["test"]["metrics"],
        "flops": table["before"]["flops"],
        "params": table["before"]["params"],
        "architecture": None,
        "method": name,
        "file_bytes": row["file_bytes"],
        "gzip_bytes": row["gzip_bytes"],
    }
