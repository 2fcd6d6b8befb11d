"""The `nas` group: a table of commands that are imported only when they are used."""

import importlib
import os
import platform
import sys
from typing import Any

import click

from nas_cli import __version__
from nas_cli.commands.completion import HOW_TO
from nas_cli.errors import ConfigError, NasError

COMMANDS = {
    "search": "Search for a network architecture.",
    "train": "Train one network with the full budget.",
    "morph": "Shrink a network where it spends for nothing, and train the smaller one.",
    "prune": "Take weights, neurons or filters out of a network, and train what is left.",
    "distill": "Train a network with the answers of others.",
    "quantize": "Store a network in fewer bits, and measure what that costs and gains.",
    "export": "Write a network in a format that other programs read.",
    "bench": "Time training on several processes, or project it to clusters.",
    "report": "Rebuild the reports of runs, compare several, or make one page of a folder of runs.",
    "runs": "List, compare and remove runs.",
    "data": "List, fetch and verify data sets.",
    "doctor": "Show what this machine has, and a fix for each thing missing.",
}

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


class LazyGroup(click.Group):
    """A group whose commands live in `nas_cli.commands.<name>` and are imported on use.

    An expected error becomes one `Error:` line: exit 2 for a wrong configuration, 1 for the rest; a traceback
    only with --debug.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"nas_cli.commands.{cmd_name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from nas_cli.schema import nearest

            raise click.UsageError(f"{error.message}{nearest(args[0], COMMANDS)}", error.ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            hint = f"; see `{error.ctx.command_path} --help`" if error.ctx else ""
            message = " ".join(error.format_message().split())
            click.echo(f"Error: {message.rstrip('.')}{hint}", err=True)
            ctx.exit(EXIT_USAGE)
        except NasError as error:
            if _debug():
                raise
            click.echo(f"Error: {error}", err=True)
            ctx.exit(EXIT_USAGE if isinstance(error, ConfigError) else EXIT_FAILED)
        except KeyboardInterrupt:
            if _debug():
                raise
            click.echo("Interrupted.", err=True)
            ctx.exit(EXIT_INTERRUPTED)
        except BrokenPipeError:
            # The reader of our output (head, less) has gone: nothing is wrong and nobody is left to tell.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)
        except OSError as error:
            if _debug():
                raise
            where = f" {error.filename}" if error.filename else ""
            click.echo(f"Error: {error.strerror or error}:{where}", err=True)
            ctx.exit(EXIT_FAILED)


def _debug() -> bool:
    return "--debug" in sys.argv


def _version(ctx: click.Context, param: click.Parameter, asked: bool) -> None:
    if not asked or ctx.resilient_parsing:
        return
    found = [f"{title} {_installed(title.lower())}" for title in ("TensorFlow", "Keras", "Horovod")]
    click.echo(f"nas {__version__}\nPython {platform.python_version()}, {', '.join(found)}")
    ctx.exit()


def _installed(package: str) -> str:
    from importlib import metadata

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog=f"{HOW_TO}\nExit codes: 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted.",
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version,
    help="Show the version, those of TensorFlow, Keras and Horovod, and exit.",
)  # fmt: skip
def cli() -> None:
    """Search, train, shrink and measure neural networks on TensorFlow/Keras.

    \b
    nas search                          search on the embedded data set
    nas search --dataset cifar10        the same on CIFAR-10
    nas train --model RUN               train the network of a search in full
    nas morph --model RUN               make it smaller, and train the smaller one
    nas report RUN                      curves, Pareto front and drawing as HTML
    nas runs                            what has been run here?
    nas doctor                          is everything here?

    `nas COMMAND --help` explains a command.
    """
