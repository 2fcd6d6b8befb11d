"""Prepared data sets on disk: .npy arrays that all workers share, and meta.json."""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_cli.data.dataset import Dataset, Provenance, Split
from nas_cli.errors import DataError

VERSION = 1
SPLITS = ("train", "validation", "test")


def open_prepared(out: Path) -> Dataset:
    """The data set prepared in `out`; inputs are memory-mapped read-only.

    Raises:
        DataError: nothing was prepared there, or it is damaged.
    """
    try:
        meta = json.loads((out / "meta.json").read_text(encoding="utf-8"))
        splits = {name: _open_split(out, name) for name in SPLITS}
        return Dataset(
            name=meta["name"],
            task=meta["task"],
            classes=meta["classes"],
            **splits,
            mean=np.array(meta["mean"], np.float32),
            std=np.array(meta["std"], np.float32),
            target_mean=meta["target_mean"],
            target_std=meta["target_std"],
            provenance=Provenance(**{**meta["provenance"], "files": tuple(meta["provenance"]["files"])}),
            split_digest=meta["split_digest"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{out} holds no prepared data set ({error}): remove the folder and run again.") from error


def matches(out: Path, request: Mapping[str, Any]) -> bool:
    """True if `out` was prepared by this version from exactly this request."""
    try:
        meta = json.loads((out / "meta.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(meta, dict) and meta.get("version") == VERSION and meta.get("request") == dict(request)


def write_atomically(out: Path, fill: Callable[[Path], None]) -> None:
    """Let `fill` write a temporary folder beside `out`, then put it in the place of `out`.

    Raises:
        DataError: the disk is full or `out` cannot be written; nothing is left behind.
    """
    temporary = out.parent / f".{out.name}.{os.getpid()}.tmp"
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(out)
        temporary.mkdir()
        fill(temporary)
        if out.exists():
            shutil.rmtree(out)
        temporary.rename(out)
    except OSError as error:
        raise DataError(f"cannot write the prepared data to {out}: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_array(path: Path, dtype: str, shape: tuple[int, ...], pieces: Any) -> None:
    """Write an .npy file from consecutive pieces; plain writes, as a full disk kills a process that maps the file."""
    with path.open("wb") as file:
        header = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)  # type: ignore[no-untyped-call]
        for piece in pieces:
            file.write(np.ascontiguousarray(piece, dtype).data.cast("B"))


def _open_split(out: Path, name: str) -> Split:
    x: NDArray[Any] = np.load(out / f"{name}_x.npy", mmap_mode="r", allow_pickle=False)
    y: NDArray[Any] = np.load(out / f"{name}_y.npy", allow_pickle=False)
    return Split(x, y)


def _remove_abandoned(out: Path) -> None:
    # A killed process leaves its temporary folder behind.
    for folder in out.parent.glob(f".{out.name}.*.tmp"):
        owner = folder.name.split(".")[-2]
        if owner.isdigit() and (int(owner) == os.getpid() or not Path(f"/proc/{owner}").exists()):
            shutil.rmtree(folder, ignore_errors=True)
