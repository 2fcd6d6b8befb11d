"""Options shared by the commands that read a configuration."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from nas_cli.commands.completion import complete_runs
from nas_cli.config import groups
from nas_cli.schema import nearest

F = TypeVar("F", bound=Callable[..., Any])

HELP = {
    "dataset": "Data set.",
    "augmentation": "Random changes to training images.",
    "space": "Search space.",
    "strategy": "Search strategy.",
    "scheduler": "Budgets of the trials.",
    "estimator": "How a network gets its score.",
    "training/optimizer": "Optimizer.",
    "training/loss": "Loss.",
    "training/schedule": "Learning-rate schedule.",
    "morph": "Settings of the shrinking phase.",
    "distill": "What the student learns from its teachers.",
    "prune": "What goes, by which score, how much and when.",
    "cluster": "Hardware profile of a cluster.",
    "scale": "Size of the whole experiment.",
    "experiment": "A prepared experiment.",
}


class OneLineChoice(click.Choice[str]):
    """A choice whose error names the nearest allowed value."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        names = [str(choice) for choice in self.choices]
        return f"unknown value '{value}'.{nearest(str(value), names)} Known: {', '.join(names)}."


def group_options(*names: str) -> Callable[[F], F]:
    """A decorator that adds an option with choices for each configuration group."""

    def decorate(function: F) -> F:
        for name in reversed(names):
            option = "--" + name.split("/")[-1]
            choices = OneLineChoice(groups().get(name, ()))
            function = click.option(option, type=choices, default=None, help=HELP[name])(function)
        return function

    return decorate


def run_options(function: F) -> F:
    """A decorator that adds the options of every command that makes a run."""
    added = [
        click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]..."),
        click.option("--print-config", is_flag=True, help="Print the composed configuration and stop."),
        click.option("--dry-run", is_flag=True, help="Check everything, predict cost and time, and stop."),
        click.option(
            "--out", type=click.Path(path_type=Path), help="Run folder to make.  [results/runs/<command>-<date>-<hash>]"
        ),
        click.option(
            "--resume", type=click.Path(path_type=Path), metavar="RUN", help="Go on with an interrupted run.",
            shell_complete=complete_runs,
        ),
        click.option("--sweep", is_flag=True, help="Run every combination of comma-separated values."),
        click.option("--json", "as_json", is_flag=True, help="Print summary.json, and nothing else, on stdout."),
        click.option("--debug", is_flag=True, help="Show the traceback of an error."),
    ]  # fmt: skip
    for decorator in reversed(added):
        function = decorator(function)
    return function


def gather(overrides: Sequence[str], chosen: dict[str, str | None]) -> list[str]:
    """All overrides: those of the group options, then the trailing ones.

    Raises:
        click.UsageError: if a group is given both ways.
    """
    keys = [text.split("=")[0] for text in overrides]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise click.UsageError(f"{twice[0]} is given twice.")
    made = []
    for group, value in chosen.items():
        if value is None:
            continue
        both = [text for text in overrides if text.split("=")[0].replace(".", "/") == group]
        if both:
            option = "--" + group.split("/")[-1]
            raise click.UsageError(f"{option} {value} and {both[0]} name the same group; give one.")
        made.append(f"{group}={value}")
    return made + list(overrides)


def quoted(text: str) -> str:
    """A text as the value of an override; Hydra's quotes need an escape, its backslashes none."""
    escaped = text.replace("'", "\\'")
    return f"'{escaped}'"


def named_model(model: str | None, weights: str | None, overrides: Sequence[str]) -> list[str]:
    """What --model and --weights are as overrides.

    A run or model file keeps its weights, unless --weights or one of the `overrides` says which to take.
    """
    chosen = [] if weights is None else [f"model.weights={quoted(weights)}"]
    if model is None:
        return chosen
    return [*chosen, f"model.name={quoted(model)}", *_kept(model, [*overrides, *chosen])]


def _kept(model: str, overrides: Sequence[str]) -> list[str]:
    said = any(text.startswith(("model.keep_weights=", "model.weights=")) for text in overrides)
    path = Path(model)
    has_weights = path.suffix == ".keras" or (path / "best" / "model.keras").exists()
    return ["model.keep_weights=true"] if has_weights and not said else []
