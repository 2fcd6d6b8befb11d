"""The networks that a model came from, one after another: what each step cost and left."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nas_cli.costs.keras_cost import model_cost
from nas_cli.errors import NasError
from nas_cli.models.file_size import compressed_bytes
from nas_cli.models.load import IN_RUN, load_model
from nas_cli.models.nonzero import nonzero_weights
from nas_cli.runs.provenance import Step, lineage

Row = dict[str, Any]


def chain_rows(model: str, split_digest: str) -> list[Row]:
    """A row per run that `model` came through, oldest first, the last being `model` itself; none if it is no run.

    Each is {step ('nas morph'), run, file, valid_…, test_…, flops, params, nonzero, file_bytes, gzip_bytes}; `file` is
    None where the network is no longer there, and then its row has only what its summary says. Accuracies of a run on
    another split of data are left out. Before a first run that knows how its network began, {step: 'before nas …'}.
    """
    steps = lineage(model)
    rows = [_row(step, split_digest) for step in steps]
    return [*_beginning(steps, split_digest), *rows]


def _row(step: Step, split_digest: str) -> Row:
    best = step.summary.get("best") or {}
    row = {"step": f"nas {step.command}", "run": str(step.path), "file": None, **_known(best, step, split_digest)}
    file = step.path / IN_RUN
    try:
        return row | {"file": str(file), **described(load_model(file), file)}
    except NasError:
        return row | {"file": None}


def described(model: Any, file: Path) -> Row:
    """flops, params, nonzero, file_bytes and gzip_bytes of a Keras model and its file."""
    cost = model_cost(model)
    return {
        "flops": cost.flops,
        "params": cost.params,
        "nonzero": nonzero_weights(model),
        "file_bytes": file.stat().st_size,
        "gzip_bytes": compressed_bytes(file),
    }


def _known(values: Mapping[str, Any], step: Step, split_digest: str) -> Row:
    named = ("flops", "params", "nonzero", "file_bytes")
    found = {key: values[key] for key in named if values.get(key) is not None}
    data = step.block.get("dataset") or {}
    if data.get("split_digest") == split_digest:
        found |= {key: value for key, value in values.items() if key.startswith(("valid_", "test_"))}
    return found


def _beginning(steps: Sequence[Step], split_digest: str) -> list[Row]:
    """The network that the first run was given, if it was no run of ours."""
    if not steps:
        return []
    before = steps[0].block.get("before")
    if not isinstance(before, Mapping):
        return []
    known = _known(before, steps[0], split_digest)
    return [{"step": f"before nas {steps[0].command}", "run": None, "file": None, **known}]
