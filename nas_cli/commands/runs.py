"""`nas runs`: list, compare and remove run folders."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nas_cli.commands.columns import aligned
from nas_cli.commands.completion import complete_runs
from nas_cli.errors import RunError

if TYPE_CHECKING:
    from nas_cli.reports.glance import Glance

EXAMPLES = """\b
Examples:
  nas runs
  nas runs list results/runs/sweep --json
  nas runs compare results/runs/search-20260102-030405-abcdef results/runs/search-20260102-040506-fedcba
  nas runs remove results/runs/search-20260102-030405-abcdef
"""
TITLES = ("run", "command", "status", "validation", "test", "FLOPs", "trials", "age", "size")
NUMBERS = range(3, 9)
RUN = click.Path(path_type=Path)


class ListUnlessToldOtherwise(click.Group):
    """`nas runs`, `nas runs FOLDER` and `nas runs --json` are `nas runs list …`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        first = args[0] if args else ""
        named = first in self.commands or first in ctx.help_option_names
        # While the shell asks what may come next, nothing is meant by nothing.
        if not (named or ctx.resilient_parsing) and (first[:1] in ("", "-") or Path(first).is_dir()):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group("runs", cls=ListUnlessToldOtherwise, epilog=EXAMPLES)
def command() -> None:
    """List, compare and remove runs.

    Without a subcommand: list. nas report makes pages of them.
    """


@command.command("list", epilog="Example: nas runs list results/runs --json")
@click.argument("folder", type=RUN, default=None, required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def list_command(folder: Path | None, as_json: bool, debug: bool) -> None:
    """Show every run below FOLDER (results/runs), the newest first.

    Score and FLOPs are those of the network that the run chose, or has come to so far. running: a process holds it,
    unfinished: it was killed and --resume goes on, interrupted: stopped by Ctrl-C, damaged: its journal cannot be read.
    """
    from nas_cli.reports.glance import glance
    from nas_cli.runs.finding import find_runs
    from nas_cli.runs.folder import RUNS

    if folder is None and not RUNS.is_dir() and not as_json:
        click.echo(f"no runs yet: there is no folder {RUNS} here.", err=True)
        return
    runs = find_runs(folder or RUNS) if folder or RUNS.is_dir() else []
    found = sorted((glance(run) for run in runs), key=lambda one: one.begun, reverse=True)
    if as_json:
        click.echo(json.dumps([_plain(one) for one in found], indent=2))
    elif found:
        click.echo("\n".join(aligned([TITLES, *(_row(one) for one in found)], right=NUMBERS)))
    else:
        click.echo(f"no runs below {folder or RUNS}.", err=True)


def _plain(one: "Glance") -> dict[str, Any]:
    texts = ("valid_text", "test_text")
    return {**{key: value for key, value in asdict(one).items() if key not in texts}, "path": str(one.path)}


def _row(one: "Glance") -> tuple[str, ...]:
    from nas_cli.reports.numbers import count, size

    known = "" if one.measure == "accuracy" or one.valid is None else f" {one.measure}"
    return (
        str(one.path), one.command, one.status, one.valid_text + known, one.test_text, count(one.flops),
        str(one.trials or ""), age(time.time() - one.begun), size(one.size_bytes),
    )  # fmt: skip


def age(seconds: float) -> str:
    """'40 s', '12 min', '5 h', '3 d': how long ago, roughly."""
    for limit, unit, length in ((60, "s", 1), (3600, "min", 60), (48 * 3600, "h", 3600)):
        if seconds < limit:
            return f"{max(0, int(seconds // length))} {unit}"
    return f"{int(seconds // 86400)} d"


@command.command("compare", epilog="Example: nas runs compare results/runs/a results/runs/b --json")
@click.argument("runs", nargs=-1, required=True, type=RUN, metavar="RUN RUN...", shell_complete=complete_runs)
@click.option("--json", "as_json", is_flag=True, help="Print settings and results as JSON.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def compare_command(runs: tuple[Path, ...], as_json: bool, debug: bool) -> None:
    """Show the settings in which runs differ, and their results side by side.

    nas report RUN RUN... makes a page of the same with figures and intervals, and says where it is.
    """
    from nas_cli.commands.side_by_side import as_plain, lines
    from nas_cli.reports.source import load

    if len(set(runs)) < 2:
        raise click.UsageError("comparing needs at least two different runs.")
    sources = [load(path) for path in dict.fromkeys(runs)]
    click.echo(json.dumps(as_plain(sources), indent=2) if as_json else "\n".join(lines(sources)))


@command.command("remove", epilog="Example: nas runs remove results/runs/search-20260102-030405-abcdef --yes")
@click.argument("runs", nargs=-1, required=True, type=RUN, metavar="RUN...", shell_complete=complete_runs)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def remove_command(runs: tuple[Path, ...], yes: bool, debug: bool) -> None:
    """Delete run folders, after asking.

    Nothing is deleted if one of them is no run, is a link, is being written or holds other runs.
    """
    from nas_cli.reports.numbers import size
    from nas_cli.runs.finding import size_bytes
    from nas_cli.runs.removal import discard, removable

    folders = [removable(path) for path in dict.fromkeys(runs)]
    sizes = [size(size_bytes(run.path)) for run in folders]
    if not yes:
        _ask([f"{run.path} ({bytes_})" for run, bytes_ in zip(folders, sizes, strict=True)])
    for run, bytes_ in zip(folders, sizes, strict=True):
        discard(run)
        click.echo(f"removed {run.path} ({bytes_})")


def _ask(names: Sequence[str]) -> None:
    click.echo("\n".join(names), err=True)
    many = f"these {len(names)} runs" if len(names) > 1 else "this run"
    try:
        agreed = click.confirm(f"Delete {many} for good?", err=True)
    except click.Abort as error:
        click.echo(err=True)
        raise RunError("nobody answered, nothing was removed: give --yes to remove without being asked.") from error
    if not agreed:
        raise RunError("nothing was removed.")
