"""What every command that makes a run does: print, predict, sweep, resume or run."""

import json
from collections.abc import Mapping
from typing import Any

import click

from nas_cli.commands.launch import begin, configuration, take_up
from nas_cli.commands.request import Actions, Request
from nas_cli.commands.sweep import EXIT_INTERRUPTED, expand, sweep
from nas_cli.schema import plain


def dispatch(request: Request, actions: Actions) -> None:
    """Do what was asked; leaves with exit code 130 if the run was interrupted."""
    if request.resume is not None:
        _check_alone(request)
        _finish(request, take_up(request, actions, request.resume))
    elif request.print_config or request.dry_run:
        _show(request, actions)
    elif request.sweep:
        sweep(request, actions)
    else:
        config = configuration(request, request.overrides)
        _finish(request, begin(request, actions, config, request.overrides, request.out))


def _check_alone(request: Request) -> None:
    others = {
        "--out": request.out,
        "--sweep": request.sweep,
        "--dry-run": request.dry_run,
        "--print-config": request.print_config,
    }
    for option, given in others.items():
        if given:
            raise click.UsageError(f"--resume and {option} exclude each other.")


def _show(request: Request, actions: Actions) -> None:
    for overrides in expand(request.overrides) if request.sweep else [request.overrides]:
        config = configuration(request, overrides)
        if request.sweep:
            click.echo(f"# {' '.join(overrides)}")
        if request.print_config:
            click.echo(_yaml(plain(config)), nl=False)
        if request.dry_run:
            click.echo("\n".join(actions.predict(config)))


def _yaml(values: Mapping[str, Any]) -> str:
    import yaml

    text: str = yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True)
    return text


def _finish(request: Request, summary: Mapping[str, Any]) -> None:
    if request.as_json:
        click.echo(json.dumps(summary, indent=2))
    if summary.get("status") == "interrupted":
        raise click.exceptions.Exit(EXIT_INTERRUPTED)
