"""What the shell offers after Tab, beside the names of commands, options and their choices, which Click knows."""

from collections.abc import Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

HOW_TO = """\b
Completion after Tab, for one session or in the shell's start file:
  eval "$(_NAS_COMPLETE=bash_source nas)"
  eval "$(_NAS_COMPLETE=zsh_source nas)"
  _NAS_COMPLETE=fish_source nas | source
"""


def complete_runs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The run folders that begin with what is typed, of results/runs or the folder typed so far; else folders."""
    found = _runs(incomplete)
    return [CompletionItem(path) for path in found] or [CompletionItem(incomplete, type="dir")]


def complete_models(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Networks of the zoo and run folders that begin with what is typed; files where there are none."""
    from nas_cli.models.zoo.catalogue import names

    found = [*_beginning(names(), incomplete), *_runs(incomplete)]
    return [CompletionItem(name) for name in found] or [CompletionItem(incomplete, type="file")]


def _runs(incomplete: str) -> list[str]:
    from nas_cli.runs.finding import find_runs
    from nas_cli.runs.folder import RUNS

    typed = Path(incomplete) if incomplete.endswith("/") else Path(incomplete).parent
    folder = RUNS if str(RUNS).startswith(incomplete.rstrip("/")) else typed
    if not folder.is_dir() or folder == Path("."):
        return []
    return _beginning((str(run.path) for run in find_runs(folder)), incomplete)


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
