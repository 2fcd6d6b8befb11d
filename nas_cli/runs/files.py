"""Files that are either whole or not there: atomic writes, and what to tell the user when the disk refuses."""

import contextlib
import errno
import os
from pathlib import Path

from nas_cli.errors import RunError

TEMPORARY = ".tmp"

_ADVICE = {
    errno.ENOSPC: "the disk is full: free some space, then continue the run with --resume",
    errno.EDQUOT: "the disk quota is used up: free some space, then continue the run with --resume",
    errno.EACCES: "no permission to write there: choose another folder with --out",
    errno.EPERM: "no permission to write there: choose another folder with --out",
    errno.EROFS: "the file system is read-only: choose another folder with --out, or copy the run to one",
    errno.ENOTDIR: "a part of the path is a file: choose another folder with --out",
    errno.EEXIST: "a file is in the way: choose another folder with --out",
}


def refusal(error: OSError, path: Path) -> RunError:
    """The error for a path that cannot be written: one line with the reason and what to do."""
    reason = error.strerror or str(error)
    advice = _ADVICE.get(error.errno or 0, f"{reason}: choose another folder with --out")
    return RunError(f"cannot write {path}: {advice}.")


def is_full(error: BaseException) -> bool:
    """True if an error says that a disk or a quota is used up, also where a library hides the error number."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    return isinstance(error, OSError) and os.strerror(errno.ENOSPC).lower() in str(error).lower()


def write_atomic(path: Path, data: bytes) -> None:
    """Replaces the content of `path`; a reader, and a process killed at any instant, leaves the old or the new one.

    Raises:
        RunError: if the file cannot be written; the old content is then untouched.
    """
    temporary = path.parent / f".{path.name}.{os.getpid()}{TEMPORARY}"
    try:
        _write_synced(temporary, data)
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        _forget(temporary)
        raise refusal(error, path) from error


def copy_atomic(source: Path, target: Path) -> None:
    """Copies a file of any size; the target appears whole, and on disk, or not at all.

    Raises:
        RunError: if the target cannot be written.
    """
    temporary = target.parent / f".{target.name}.{os.getpid()}{TEMPORARY}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with source.open("rb") as reader, temporary.open("wb") as writer:
            while block := reader.read(1 << 20):
                writer.write(block)
            writer.flush()
            os.fsync(writer.fileno())
        os.replace(temporary, target)
        sync_folder(target.parent)
    except OSError as error:
        _forget(temporary)
        raise refusal(error, target) from error


def _forget(temporary: Path) -> None:
    """Removes what was left half-written; where nothing can be removed (a read-only disk) the first error counts."""
    with contextlib.suppress(OSError):
        temporary.unlink()


def move_durably(source: Path, target: Path) -> None:
    """Renames a finished file within its folder after its content has reached the disk."""
    descriptor = os.open(source, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(source, target)
    sync_folder(target.parent)


def sync_folder(path: Path) -> None:
    """Makes creations and renames inside a folder survive a power failure."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
