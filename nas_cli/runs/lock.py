"""One process at a time in a run folder."""

import errno
import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import final

from nas_cli.errors import RunError
from nas_cli.runs.files import refusal

HELD = (errno.EWOULDBLOCK, errno.EACCES)
"""What the system says of a lock that another holds."""


@final
class RunLock:
    """An advisory lock on a file, held from `with` to its end; the system drops it when the process dies.

    The file keeps the number of the process that held it last and is never deleted: deleting it would let a third
    process lock a new file of the same name beside the holder of the old one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Takes the lock.

        Raises:
            RunError: if another process holds it (its number is named) or the file system has no locks.
        """
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise refusal(error, self._path) from error
        try:
            _lock(descriptor)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
            os.close(descriptor)
            raise self._refused(error, holder) from error
        self._descriptor = descriptor

    def release(self) -> None:
        """Gives the lock back; harmless when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def is_held(self) -> bool:
        """True while a process, this one too, holds the lock; leaves no file behind."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno in HELD
        finally:
            os.close(descriptor)
        return False

    def __enter__(self) -> "RunLock":
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _refused(self, error: OSError, holder: str) -> RunError:
        folder = self._path.parent
        if error.errno in HELD:
            who = f"process {holder}" if holder else "another process"
            return RunError(f"{folder} is in use by {who}: wait until it ends, stop it, or choose another --out.")
        if error.errno in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS):
            return RunError(f"the file system of {folder} has no file locks: choose another folder with --out.")
        return refusal(error, self._path)


def _lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in HELD:
            raise
        # `is_held` of another process takes it for an instant.
        time.sleep(0.05)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
