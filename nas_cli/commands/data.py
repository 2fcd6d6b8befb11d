"""`nas data`: list, fetch and verify data sets."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from nas_cli.config import groups
from nas_cli.errors import DataError

EXAMPLES = """\b
Examples:
  nas data list
  nas data fetch cifar10
  nas data verify cifar10
"""

NAMES = click.Choice(groups().get("dataset", ()))


@click.group("data", epilog=EXAMPLES)
def command() -> None:
    """List, fetch and verify data sets.

    They are looked for in NAS_DATA_DIR (default ~/.cache/nas) and where Keras and the system keep theirs.
    """


@command.command("list", epilog="Example: nas data list --json")
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON.")
def list_command(as_json: bool) -> None:
    """Show every data set: shape, classes, examples, where it was found."""
    from nas_cli.data.inventory import list_datasets
    from nas_cli.data.sources import data_dir

    folder = data_dir()
    rows = list_datasets(folder)
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=2, default=str))
        return
    _print(rows, folder)


def _print(rows: Any, folder: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("name", "shape", "classes", "train", "test", "state", "where", "licence"):
        table.add_column(title, overflow="fold", justify="right" if title in ("classes", "train", "test") else "left")
    for row in rows:
        table.add_row(
            row.name,
            "x".join(map(str, row.input_shape)) if row.input_shape else "",
            str(row.classes or ""),
            f"{row.train:,}" if row.train else "",
            f"{row.test:,}" if row.test else "",
            row.state,
            str(row.where or ""),
            row.licence,
        )
    # Piped output keeps one line per data set, whatever the width.
    width = None if sys.stdout.isatty() else 240
    console = Console(file=sys.stdout, highlight=False, width=width)
    console.print(table)
    console.print(f"data directory: {folder}")


@command.command("fetch", epilog="Example: nas data fetch mnist")
@click.argument("name", type=NAMES)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def fetch_command(name: str, debug: bool) -> None:
    """Download a data set; continues an interrupted download and checks the checksum."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    from nas_cli.data.inventory import fetch
    from nas_cli.data.sources import data_dir

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(file=sys.stderr)) as bar:
        tasks: dict[str, Any] = {}

        def show(name: str, done: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=total)
            bar.update(tasks[name], completed=done)

        paths = fetch(name, data_dir(), show)
    for path in paths:
        click.echo(path)
    if not paths:
        click.echo(f"{name} comes with the package; there is nothing to fetch.", err=True)


@command.command("verify", epilog="Example: nas data verify cifar10")
@click.argument("name", type=NAMES)
@click.option("--path", help="Folder of image_folder or imagenet.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def verify_command(name: str, path: str | None, debug: bool) -> None:
    """Check every file of a data set against the published checksums."""
    from nas_cli.data.inventory import verify
    from nas_cli.data.sources import data_dir

    checks = verify(name, data_dir(), path)
    for check in checks:
        click.echo(f"{check.status:18} {check.file}{'  ' + check.detail if check.detail else ''}")
    bad = [check for check in checks if not check.ok]
    if bad:
        raise DataError(f"{name}: {len(bad)} of {len(checks)} files are damaged, altered or missing.")
