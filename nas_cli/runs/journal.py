"""The journal of a run: append-only, one JSON object per line, and the only truth about the run."""

import errno
import gc
import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, final

from nas_cli.errors import RunError
from nas_cli.runs.files import refusal, sync_folder
from nas_cli.runs.shared_sync import SharedSync

Event = dict[str, Any]

SHARING = frozenset({"trial", "generation"})
"""Kinds of events that may wait for the next sync: those that a search makes many of, and makes again."""


def read_journal(path: Path) -> list[Event]:
    """All events of a journal in order; a last line without its newline was torn by a kill and does not count.

    Raises:
        RunError: if the file cannot be read, or another line is damaged (its number is named).
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RunError(f"cannot read the journal {path}: {error.strerror}.") from error
    lines = data[: _whole(data)].split(b"\n")[:-1]
    collecting = gc.isenabled()
    # JSON values hold no cycles; looking for some takes as long as reading them.
    gc.disable()
    try:
        return [_parse(line, number, path) for number, line in enumerate(lines, start=1)]
    finally:
        if collecting:
            gc.enable()


def first_event(path: Path) -> Event | None:
    """The event that a journal begins with; None without a whole one. It takes no longer for a long journal.

    Raises:
        RunError: if the file cannot be read, or the line is damaged.
    """
    try:
        with path.open("rb") as file:
            line = file.readline()
    except OSError as error:
        raise RunError(f"cannot read the journal {path}: {error.strerror}.") from error
    return _parse(line[:-1], 1, path) if line.endswith(b"\n") else None


@final
class Journal:
    """A journal opened for appending; a torn last line is cut off first.

    Each event is one `write`, so that a process killed at any instant leaves every event but the last whole, and the
    last whole or torn. It is on disk (`fsync`) when `append` returns; only trials and generations that end less than
    50 ms after the last sync share the next one, which comes at most 50 ms later. So a killed process loses nothing
    that was written, and a power failure at most the last moments of a fast search, which resuming it does again.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            self._cut_torn_line()
            sync_folder(path.parent)
        except OSError as error:
            raise refusal(error, path) from error
        self._end = os.lseek(self._descriptor, 0, os.SEEK_END)
        self._disk = SharedSync(self._descriptor)

    def append(self, event: Mapping[str, Any]) -> Event:
        """Writes one event and gives it back as a reader will see it, with its "time" in unix seconds.

        Raises:
            RunError: if the disk is full or fails; the journal then ends with the last whole event.
        """
        text = json.dumps({**event, "time": self._clock()}, allow_nan=False, separators=(",", ":"))
        line = text.encode() + b"\n"
        try:
            # A nearly full disk takes a part of the line without an error.
            if os.write(self._descriptor, line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._disk.sync(at_once=event["event"] not in SHARING)
        except OSError as error:
            os.ftruncate(self._descriptor, self._end)
            raise refusal(error, self._path) from error
        self._end += len(line)
        written: Event = json.loads(text)
        return written

    def close(self) -> None:
        """Closes the file; every event is then on disk.

        Raises:
            RunError: if the disk refuses the last of them.
        """
        if self._descriptor < 0:
            return
        try:
            self._disk.close()
        except OSError as error:
            raise refusal(error, self._path) from error
        finally:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _cut_torn_line(self) -> None:
        data = self._path.read_bytes()
        end = _whole(data)
        if end < len(data):
            os.ftruncate(self._descriptor, end)
            os.fsync(self._descriptor)


def _whole(data: bytes) -> int:
    """The length of the whole lines: a line counts once its newline is there."""
    return data.rfind(b"\n") + 1


def _parse(line: bytes, number: int, path: Path) -> Event:
    try:
        event = json.loads(line)
    except ValueError as error:
        raise RunError(_damage(path, number)) from error
    if not isinstance(event, dict) or "event" not in event:
        raise RunError(_damage(path, number))
    return event


def _damage(path: Path, number: int) -> str:
    return f"line {number} of {path} is damaged: restore the file from a copy, or start a new run."
