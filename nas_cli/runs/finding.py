"""Run folders below a folder, and how much room one takes."""

import os
from pathlib import Path

from nas_cli.errors import RunError
from nas_cli.runs.folder import CONFIG, RUNS, RunFolder


def find_runs(folder: Path) -> list[RunFolder]:
    """The run folders below `folder`, or it alone if it is one, by path; no link is followed, no run looked into.

    Raises:
        RunError: if there is no such folder.
    """
    if not folder.is_dir():
        raise RunError(f"there is no folder {folder}: give a folder that holds runs, e.g. {RUNS}.")
    found, waiting = [], [folder]
    while waiting:
        here = waiting.pop()
        names = _entries(here)
        if any(entry.name == CONFIG for entry in names):
            found.append(RunFolder(here))
        else:
            waiting += [here / entry.name for entry in names if entry.is_dir(follow_symlinks=False)]
    return sorted(found, key=lambda run: run.path)


def runs_within(run: RunFolder) -> list[RunFolder]:
    """Runs that somebody put inside a run's folder."""
    below = [run.path / entry.name for entry in _entries(run.path) if entry.is_dir(follow_symlinks=False)]
    return [inner for folder in below for inner in find_runs(folder)]


def size_bytes(folder: Path) -> int:
    """The bytes of all files below a folder; a link counts as itself."""
    total, waiting = 0, [folder]
    while waiting:
        here = waiting.pop()
        for entry in _entries(here):
            if entry.is_dir(follow_symlinks=False):
                waiting.append(here / entry.name)
            else:
                total += _length(entry)
    return total


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, PermissionError):
        # A run that ends meanwhile removes folders; those of other users may be closed to us.
        return []


def _length(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        return 0
