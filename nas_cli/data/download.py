"""Fetch one published file: resumable, checked, atomic."""

import contextlib
import fcntl
import http.client
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from nas_cli.data.checksum import digest_file
from nas_cli.errors import DataError

TIMEOUT_SECONDS = 20.0
ATTEMPTS = 3
PIECE_BYTES = 1 << 18


class Progress(Protocol):
    """Told of each piece that arrived."""

    def __call__(self, name: str, done: int, total: int | None) -> None: ...


@dataclass(frozen=True)
class Download:
    """A published file: its name under the data folder, where it is, its checksum (MD5 or SHA-256) and size."""

    name: str
    urls: tuple[str, ...]
    checksum: str
    size: int


def silent(name: str, done: int, total: int | None) -> None:
    """Progress that nobody sees."""


def download(item: Download, folder: Path, progress: Progress = silent) -> Path:
    """The path of the complete, checked file; a file that is there already is checked and left alone.

    What has arrived stays in NAME.part, so that the next call continues behind it. The URLs are tried in turn.

    Raises:
        DataError: no URL answers, the checksum is wrong, the folder cannot be written, or another process is at it.
    """
    target = folder / item.name
    if target.is_file() and digest_file(target, item.checksum) == item.checksum:
        return target
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(part) as file:
            _first_that_answers(item, file, progress)
            _check(item, part)
            os.replace(part, target)
    except OSError as error:
        raise DataError(f"cannot write {target}: {error.strerror or error}.") from error
    return target


@contextlib.contextmanager
def _locked(part: Path) -> Iterator[IO[bytes]]:
    with part.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DataError(f"another process is downloading {part}: wait for it to end.") from error
        yield file


def _first_that_answers(item: Download, file: IO[bytes], progress: Progress) -> None:
    reasons = []
    for url in item.urls:
        try:
            return _complete(item, url, file, progress)
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
            reasons.append(f"{url}: {_reason(error)}")
    raise DataError(f"cannot download {item.name} ({'; '.join(reasons)}).")


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code} {error.reason}"
    inner = getattr(error, "reason", error)
    return str(getattr(inner, "strerror", None) or inner or type(error).__name__)


def _complete(item: Download, url: str, file: IO[bytes], progress: Progress) -> None:
    # A connection that breaks in the middle is picked up again; one that never opens is not worth a second try.
    for attempt in range(ATTEMPTS):
        start = os.fstat(file.fileno()).st_size
        if start >= item.size:
            return
        try:
            _transfer(item, url, file, start, progress)
        except (http.client.IncompleteRead, ConnectionResetError, TimeoutError):
            if attempt == ATTEMPTS - 1:
                raise
    if (size := os.fstat(file.fileno()).st_size) < item.size:
        raise urllib.error.URLError(f"the connection ended after {size} of {item.size} bytes")


def _transfer(item: Download, url: str, file: IO[bytes], start: int, progress: Progress) -> None:
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise urllib.error.URLError("only http and https are supported")
    headers = {"Range": f"bytes={start}-", "User-Agent": "nas-cli"} if start else {"User-Agent": "nas-cli"}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT_SECONDS) as answer:
        resumed = answer.status == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        if not resumed:
            # A server without ranges sends the whole file again.
            file.truncate(0)
            start = 0
        done = start
        while piece := answer.read(PIECE_BYTES):
            done += len(piece)
            if done > item.size:
                raise urllib.error.URLError(f"more than the published {item.size} bytes arrived")
            file.write(piece)
            file.flush()
            progress(item.name, done, item.size)


def _check(item: Download, part: Path) -> None:
    found = digest_file(part, item.checksum)
    if found != item.checksum:
        part.unlink()
        raise DataError(
            f"the downloaded {item.name} has the checksum {found}, published is {item.checksum}: "
            f"the file was discarded, try again."
        )
