"""Begin a run in a new folder, or take up one that is there."""

import contextlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from nas_cli.commands.request import Actions, Request
from nas_cli.config import compose, from_plain
from nas_cli.errors import NasError, RunError
from nas_cli.runs.environment import environment
from nas_cli.runs.folder import ENVIRONMENT, RunFolder, create_run, default_path, open_run
from nas_cli.runs.identity import check_same_config
from nas_cli.runs.removal import discard
from nas_cli.schema import plain

Summary = Mapping[str, Any]


def configuration(request: Request, overrides: Sequence[str]) -> Any:
    """The validated configuration of the request's command."""
    return from_plain(request.command, compose(request.command, overrides))


def begin(request: Request, actions: Actions, config: Any, overrides: Sequence[str], out: Path | None) -> Summary:
    """The summary of a run in a new folder; one that fails before its first event leaves nothing behind."""
    path = out if out is not None else default_path(request.command, plain(config))
    was_there = path.exists()
    run = create_run(path, plain(config), environment(sys.argv, list(overrides)))
    try:
        return _execute(request, actions, config, run)
    except NasError:
        if not run.events():
            # Another process may have taken the folder over in the meantime: then it is not ours to remove.
            with contextlib.suppress(RunError, OSError):
                discard(run, keep_folder=was_there)
        raise


def take_up(request: Request, actions: Actions, path: Path) -> Summary:
    """The summary of an existing run, continued where it was.

    Raises:
        RunError: if it is no run of this command, or was made with another configuration.
    """
    run = open_run(path)
    first = run.first_event() or {}
    command = first.get("command", request.command)
    if command != request.command:
        raise RunError(f"{path} was made by `nas {command}`: continue it with  nas {command} --resume {path}")
    stored = run.config()
    if request.overrides:
        asked = plain(configuration(request, (*_made_with(run), *request.overrides)))
        check_same_config(stored, asked)
        stored = asked
    return _execute(request, actions, from_plain(request.command, stored), run)


def _execute(request: Request, actions: Actions, config: Any, run: RunFolder) -> Summary:
    try:
        return actions.execute(config, run)
    except NasError:
        summary = run.path / "summary.json"
        if request.as_json and summary.exists():
            click.echo(summary.read_text(encoding="utf-8"), nl=False)
        raise


def _made_with(run: RunFolder) -> list[str]:
    file = run.path / ENVIRONMENT
    try:
        overrides: list[str] = json.loads(file.read_text(encoding="utf-8"))["overrides"]
    except (OSError, ValueError, KeyError) as error:
        raise RunError(f"{file} cannot be read; resume without further options.") from error
    return overrides
