"""What every command that makes a run does: print, predict, sweep, resume or run."""

import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from nas_cli.commands.options import gather
from nas_cli.config import compose, from_plain
from nas_cli.errors import ConfigError, NasError, RunError
from nas_cli.runs.environment import environment
from nas_cli.runs.folder import ENVIRONMENT, RunFolder, create_run, default_path, open_run
from nas_cli.runs.identity import check_same_config
from nas_cli.schema import plain

EXIT_INTERRUPTED = 130


@dataclass(frozen=True)
class Request:
    """What the user typed, apart from the configuration's own keys."""

    command: str
    overrides: tuple[str, ...]
    print_config: bool
    dry_run: bool
    out: Path | None
    resume: Path | None
    sweep: bool
    as_json: bool


@dataclass(frozen=True)
class Actions:
    """What the command does: `predict` lines for --dry-run; `execute` a run, giving its summary."""

    predict: Callable[[Any], list[str]]
    execute: Callable[[Any, RunFolder, bool], Mapping[str, Any]]


def request(command: str, groups: Sequence[str], given: Mapping[str, Any], extra: Sequence[str] = ()) -> Request:
    """What Click parsed, as a request; `groups` are the command's option groups, `extra` overrides of its own."""
    chosen = {group: given[group.split("/")[-1]] for group in groups}
    tensorboard = ["training.tensorboard=true"] if given["tensorboard"] else []
    return Request(
        command=command,
        overrides=(*gather(given["overrides"], chosen), *extra, *tensorboard),
        print_config=given["print_config"],
        dry_run=given["dry_run"],
        out=given["out"],
        resume=given["resume"],
        sweep=given["sweep"],
        as_json=given["as_json"],
    )


def dispatch(request: Request, actions: Actions) -> None:
    """Do what was asked; leaves with exit code 130 if the run was interrupted."""
    if request.resume is not None:
        _finish(request, _resume(request, actions, request.resume))
    elif request.sweep:
        _sweep(request, actions)
    else:
        config = _config(request, request.overrides)
        if request.print_config:
            click.echo(_yaml(plain(config)), nl=False)
        elif request.dry_run:
            click.echo("\n".join(actions.predict(config)))
        else:
            _finish(request, _run(request, actions, config, request.overrides, request.out))


def _config(request: Request, overrides: tuple[str, ...]) -> Any:
    return from_plain(request.command, compose(request.command, overrides))


def _yaml(values: Mapping[str, Any]) -> str:
    import yaml

    text: str = yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True)
    return text


def _run(request: Request, actions: Actions, config: Any, overrides: tuple[str, ...], out: Path | None) -> Any:
    path = out if out is not None else default_path(request.command, plain(config))
    run = create_run(path, plain(config), environment(sys.argv, list(overrides)))
    try:
        return actions.execute(config, run, request.as_json)
    except NasError:
        # A run that failed before its first event holds nothing: a wrong data set or limit leaves no folder behind.
        if not run.events():
            shutil.rmtree(run.path, ignore_errors=True)
        raise


def _resume(request: Request, actions: Actions, path: Path) -> Mapping[str, Any]:
    for given, option in (
        (request.out, "--out"),
        (request.sweep, "--sweep"),
        (request.dry_run, "--dry-run"),
        (request.print_config, "--print-config"),
    ):
        if given:
            raise click.UsageError(f"--resume and {option} exclude each other.")
    run = open_run(path)
    stored = run.config()
    if request.overrides:
        asked = plain(_config(request, (*_made_with(run), *request.overrides)))
        check_same_config(stored, asked)
        stored = asked
    return actions.execute(from_plain(request.command, stored), run, request.as_json)


def _made_with(run: RunFolder) -> list[str]:
    try:
        overrides: list[str] = json.loads((run.path / ENVIRONMENT).read_text(encoding="utf-8"))["overrides"]
    except (OSError, ValueError, KeyError) as error:
        raise RunError(f"{run.path / ENVIRONMENT} cannot be read; resume without further options.") from error
    return overrides


def _finish(request: Request, summary: Mapping[str, Any]) -> None:
    if request.as_json and summary:
        click.echo(json.dumps(summary, indent=2))
    if summary.get("status") == "interrupted":
        raise click.exceptions.Exit(EXIT_INTERRUPTED)


def _sweep(request: Request, actions: Actions) -> None:
    combinations = expand(request.overrides)
    configs = [_config(request, overrides) for overrides in combinations]
    if request.print_config or request.dry_run:
        for overrides, config in zip(combinations, configs, strict=True):
            click.echo(f"# {' '.join(overrides)}")
            click.echo(_yaml(plain(config)) if request.print_config else "\n".join(actions.predict(config)))
        return
    parent = request.out or default_path(f"{request.command}-sweep", {"overrides": list(request.overrides)})
    rows = []
    for position, (overrides, config) in enumerate(zip(combinations, configs, strict=True)):
        click.echo(f"[{position + 1}/{len(configs)}] {' '.join(overrides)}", err=True)
        summary = _run(request, actions, config, overrides, parent / f"{position:02d}")
        rows.append(dict(summary))
        if summary.get("status") == "interrupted":
            _finish(request, {"status": "interrupted"})
    _sweep_table(parent, combinations, rows, request.as_json)


def expand(overrides: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Every combination of the comma-separated values, the last one varying fastest.

    Raises:
        ConfigError: if an override cannot be read, or none has several values.
    """
    import itertools

    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        parsed = OverridesParser.create().parse_overrides(list(overrides))
    except HydraException as error:
        raise ConfigError(f"an override cannot be read: {str(error).splitlines()[0]}") from error
    choices = [
        [f"{item.get_key_element()}={value}" for value in item.sweep_string_iterator()]
        if item.is_sweep_override()
        else [text]
        for item, text in zip(parsed, overrides, strict=True)
    ]
    made = list(itertools.product(*choices))
    if len(made) < 2:
        raise ConfigError("--sweep needs a key with several values, e.g. seed=0,1,2.")
    return made


def _sweep_table(parent: Path, combinations: list[tuple[str, ...]], rows: list[dict[str, Any]], as_json: bool) -> None:
    import pandas as pd

    table = pd.DataFrame(
        [
            {"run": f"{position:02d}", "overrides": " ".join(overrides), "status": row["status"]}
            | {key: (row.get("best") or {}).get(key) for key in ("valid_accuracy", "test_accuracy", "flops", "params")}
            | {"wall_seconds": row["wall_seconds"]}
            for position, (overrides, row) in enumerate(zip(combinations, rows, strict=True))
        ]
    )
    table.to_csv(parent / "sweep.csv", index=False)
    click.echo(json.dumps(rows, indent=2) if as_json else table.to_string(index=False))
    click.echo(f"Compare: nas report {' '.join(str(parent / f'{i:02d}') for i in range(len(rows)))}", err=True)
