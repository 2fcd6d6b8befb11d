"""What teachers say to fixed inputs, asked once and kept in a file for all processes and sessions of a run."""

import fcntl
import io
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas_cli.data.dataset import Split
from nas_cli.distill.teachers import Ensemble
from nas_cli.runs.files import write_atomic
from nas_cli.training.checkpoint import fingerprint
from nas_cli.training.feed import in_order

PIECE = 4096


def kept_logits(ensemble: Ensemble, split: Split, folder: Path) -> NDArray[np.float32]:
    """(teachers, examples, classes), memory-mapped from a file in `folder`; the first process that comes makes it.

    The file's name tells the teachers and the inputs, of which a search may have several; the others wait meanwhile.
    """
    folder.mkdir(parents=True, exist_ok=True)
    digest = fingerprint([teacher.digest for teacher in ensemble.teachers], ensemble.inputs, _contents(split))
    file = folder / f"teacher-{digest[:16]}.npy"
    with (folder / "teacher.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            _write(ensemble.logits(split), file)
    logits: NDArray[np.float32] = np.load(file, mmap_mode="r")
    return logits


def _contents(split: Split) -> list[int]:
    """How many examples, and a checksum of their inputs: folds and subsets of one data set differ in it."""
    checksum = 0
    for x, _ in in_order(split, PIECE):
        checksum = zlib.crc32(np.ascontiguousarray(x).tobytes(), checksum)
    return [len(split), checksum]


def _write(logits: NDArray[np.float32], file: Path) -> None:
    buffer = io.BytesIO()
    np.save(buffer, logits)
    write_atomic(file, buffer.getvalue())
