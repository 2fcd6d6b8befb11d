"""Members of a folder, a tar or a zip as bytes. Archives are read in place: nothing is ever extracted to disk."""

import os
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from nas_cli.errors import DataError

LIMIT_BYTES = 1 << 30


def read_members(path: Path, names: Iterable[str]) -> dict[str, bytes]:
    """Content of those of the named files that a folder has, or of all of them from a tar (in any sub-folder of it).

    Raises:
        DataError: unreadable, truncated, a tar without one of the files, or a member above 1 GiB.
    """
    wanted = set(names)
    if path.is_dir():
        return {name: read_file(path / name) for name in sorted(wanted) if (path / name).is_file()}
    found: dict[str, bytes] = {}
    try:
        # Not the stream mode "r|*": that one takes a truncated archive for its end.
        with tarfile.open(path, "r:*") as archive:
            while len(found) < len(wanted) and (member := archive.next()) is not None:
                name = member.name.rpartition("/")[2]
                if member.isfile() and name in wanted:
                    found[name] = _tar_member(path, archive, member)
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise DataError(f"{path} is truncated or damaged ({error}): fetch it again.") from error
    if absent := sorted(wanted - set(found)):
        raise DataError(f"{path} is truncated or incomplete, it lacks {', '.join(absent)}: fetch it again.")
    return found


def read_file(path: Path) -> bytes:
    """Content of a file; raises DataError if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}.") from error


def _tar_member(path: Path, archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    if member.size > LIMIT_BYTES:
        raise DataError(f"{path}: {member.name} has {member.size} bytes: it is not a published file.")
    file = archive.extractfile(member)
    return b"" if file is None else file.read()


class Tree(Protocol):
    """Many small files by their relative names with '/' between the parts."""

    where: Path

    def children(self, folder: str) -> tuple[list[str], list[str]]:
        """Sorted names of the sub-folders and of the files in `folder` ('' is the top)."""

    def read(self, name: str) -> bytes:
        """Content of one file; raises DataError if it cannot be read."""


class FolderTree:
    """A folder; symbolic links inside it are followed, as users link large sets together."""

    def __init__(self, where: Path) -> None:
        self.where = where

    def children(self, folder: str) -> tuple[list[str], list[str]]:
        try:
            with os.scandir(self.where / folder) as entries:
                visible = [(entry.name, entry.is_dir()) for entry in entries if not entry.name.startswith(".")]
        except FileNotFoundError:
            return [], []
        except OSError as error:
            raise DataError(f"cannot read {self.where / folder}: {error.strerror or error}.") from error
        folders = sorted(name for name, is_dir in visible if is_dir)
        return folders, sorted(name for name, is_dir in visible if not is_dir)

    def read(self, name: str) -> bytes:
        return read_file(self.where / name)


class ZipTree:
    """A zip whose members lie under one top folder, `top`."""

    def __init__(self, where: Path, top: str, limit_bytes: int = 1 << 26) -> None:
        self.where, self._top, self._limit = where, top, limit_bytes
        try:
            self._archive = zipfile.ZipFile(where)
        except (zipfile.BadZipFile, OSError) as error:
            raise DataError(f"{where} is truncated or not a zip ({error}): fetch it again.") from error
        self._lock = threading.Lock()
        self._children = _index(self._archive.namelist())

    def children(self, folder: str) -> tuple[list[str], list[str]]:
        folders, files = self._children.get(f"{self._top}/{folder}".rstrip("/"), (set(), set()))
        return sorted(folders), sorted(files)

    def read(self, name: str) -> bytes:
        full = f"{self._top}/{name}"
        try:
            with self._lock:
                if self._archive.getinfo(full).file_size > self._limit:
                    raise DataError(f"{self.where}: {full} has more than {self._limit} bytes: not a published file.")
                return self._archive.read(full)
        except (KeyError, zipfile.BadZipFile, zlib.error, OSError, NotImplementedError, RuntimeError) as error:
            raise DataError(f"{self.where}: cannot read {full} ({error}): fetch it again.") from error


def _index(names: Iterable[str]) -> dict[str, tuple[set[str], set[str]]]:
    children: dict[str, tuple[set[str], set[str]]] = {}
    for name in names:
        parts = name.split("/")
        for depth in range(1, len(parts)):
            folders, files = children.setdefault("/".join(parts[:depth]), (set(), set()))
            if parts[depth]:
                (files if depth == len(parts) - 1 else folders).add(parts[depth])
    return children
