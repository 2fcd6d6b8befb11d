"""The whole state of a training after an epoch, in one file that is either whole or not there."""

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from nas_cli.errors import RunError
from nas_cli.runs.files import write_atomic
from nas_cli.schema import plain

FILE = "training.npz"
Arrays = Sequence[NDArray[Any]]


@dataclass(frozen=True)
class Checkpoint:
    """Weights (with batch-norm statistics and the state of dropout's generators), optimizer, best weights, curve.

    `optimizer` has the state of a penalty too, if it has one. The order of examples and
    their augmentation follow from (seed, epoch) and need no state.
    """

    weights: Arrays
    optimizer: Arrays
    best: Arrays
    curve: tuple[Mapping[str, float], ...]
    seconds: Mapping[str, float]


def fingerprint(*parts: Any) -> str:
    """A digest of everything that decides a training: equal digests, equal trainings."""
    text = json.dumps([plain(part) for part in parts], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def structure(model: Any) -> Any:
    """The model's layers, their settings, arithmetic and connections as JSON values, whatever the layers' names are.

    Keras numbers layers on through a process: the same model built twice has other names.
    """
    config = json.loads(model.to_json())
    names = {layer.name: f"layer {position}" for position, layer in enumerate(model._flatten_layers())}

    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: renamed(item) for key, item in value.items()}
        if isinstance(value, list):
            return [renamed(item) for item in value]
        return names.get(value, value) if isinstance(value, str) else value

    return renamed(config)


def save(folder: Path, state: Checkpoint, identity: str) -> None:
    """Replaces the checkpoint in `folder`.

    Raises:
        RunError: it cannot be written; the one before is still there.
    """
    meta = {"identity": identity, "curve": list(state.curve), "seconds": dict(state.seconds)}
    arrays: dict[str, Any] = {"meta": np.array(json.dumps(meta))}
    for name in ("weights", "optimizer", "best"):
        arrays |= {f"{name}_{i}": array for i, array in enumerate(getattr(state, name))}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(folder / FILE, buffer.getvalue())


def load(folder: Path, identity: str) -> Checkpoint | None:
    """The checkpoint in `folder`, None if there is none.

    Raises:
        RunError: it belongs to another training, or is damaged.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            meta = json.loads(str(stored["meta"]))
            groups = {name: _group(stored, name) for name in ("weights", "optimizer", "best")}
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise RunError(f"{path} is not a checkpoint ({error}): remove it to start the training again.") from error
    if meta["identity"] != identity:
        raise RunError(
            f"{path} belongs to a training with another model, settings, data or seed: use them, or another folder."
        )
    return Checkpoint(**groups, curve=tuple(meta["curve"]), seconds=meta["seconds"])


def _group(stored: Any, name: str) -> list[NDArray[Any]]:
    count = sum(key.startswith(f"{name}_") for key in stored.files)
    return [stored[f"{name}_{i}"] for i in range(count)]
