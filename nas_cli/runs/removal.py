"""Deleting a run folder, and what speaks against it."""

import shutil
from pathlib import Path

from nas_cli.errors import RunError
from nas_cli.runs.finding import runs_within
from nas_cli.runs.folder import CONFIG, LOCK, RunFolder, open_run


def removable(path: Path) -> RunFolder:
    """The run in `path`, which may be removed.

    Raises:
        RunError: if it is no run, a link to one, is being written, or holds other runs.
    """
    if path.is_symlink():
        raise RunError(f"{path} is a link: give the folder it leads to, or delete the link itself.")
    run = open_run(path)
    if run.lock().is_held():
        raise RunError(f"{path} is being written by another process: wait until it ends, or stop it.")
    if inner := runs_within(run):
        raise RunError(f"{path} holds another run, {inner[0].path}: remove or move that one first.")
    return run


def discard(run: RunFolder, keep_folder: bool = False) -> None:
    """Deletes a run and, unless it is kept, its folder; links in it are deleted, what they lead to is not.

    What marks the folder as a run goes last: interrupted, it can be done again.

    Raises:
        RunError: if another process holds the run.
        OSError: if a file cannot be deleted.
    """
    with run.lock():
        last = (run.path / CONFIG, run.path / LOCK)
        for child in [*(child for child in run.path.iterdir() if child not in last), *last]:
            if child.is_dir() and not child.is_symlink():
                shutil.rmtree(child)
            else:
                child.unlink(missing_ok=True)
        if not keep_folder:
            run.path.rmdir()
