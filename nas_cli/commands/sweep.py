"""--sweep: every combination of several values, a run each, and one table."""

import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from nas_cli.commands.launch import begin, configuration, take_up
from nas_cli.commands.request import Actions, Request
from nas_cli.errors import ConfigError, NasError
from nas_cli.runs.folder import CONFIG, default_path, open_run
from nas_cli.runs.identity import check_same_config
from nas_cli.schema import plain

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


def sweep(request: Request, actions: Actions) -> None:
    """Run all combinations; runs that are in the folder already are continued, a failed one does not stop the rest.

    Leaves with exit code 130 when interrupted, 1 if a run failed.
    """
    combinations = expand(request.overrides)
    # All are checked before the first is run.
    configs = [configuration(request, overrides) for overrides in combinations]
    parent = request.out or default_path(f"{request.command}-sweep", {"overrides": list(request.overrides)})
    rows: list[dict[str, Any]] = []
    for position, (overrides, config) in enumerate(zip(combinations, configs, strict=True)):
        click.echo(f"[{position + 1}/{len(configs)}] {' '.join(overrides)}", err=True)
        rows.append(_one(request, actions, config, overrides, parent / f"{position:02d}"))
        if rows[-1]["status"] == "interrupted":
            click.echo(f"continue with the same command and  --out {parent}", err=True)
            raise click.exceptions.Exit(EXIT_INTERRUPTED)
    _table(parent, combinations, rows, request.as_json)
    if any(row["status"] == "failed" for row in rows):
        raise click.exceptions.Exit(EXIT_FAILED)


def _one(request: Request, actions: Actions, config: Any, overrides: Sequence[str], path: Path) -> dict[str, Any]:
    try:
        if (path / CONFIG).exists():
            check_same_config(open_run(path).config(), plain(config))
            return dict(take_up(request.without_overrides(), actions, path))
        return dict(begin(request.without_overrides(), actions, config, overrides, path))
    except NasError as error:
        click.echo(f"Error: {error}", err=True)
        return {"status": "failed", "reason": str(error), "best": None, "wall_seconds": None}


def expand(overrides: Sequence[str]) -> list[tuple[str, ...]]:
    """Every combination of the comma-separated values, the last one varying fastest.

    Raises:
        ConfigError: if an override cannot be read, or none has several values.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        choices = [
            [f"{item.get_key_element()}={value}" for value in item.sweep_string_iterator()]
            if item.is_sweep_override()
            else [text]
            for item, text in zip(OverridesParser.create().parse_overrides(list(overrides)), overrides, strict=True)
        ]
    except HydraException as error:
        raise ConfigError(f"an override cannot be read: {str(error).splitlines()[0]}") from error
    made = list(itertools.product(*choices))
    if len(made) < 2:
        raise ConfigError("--sweep needs a key with several values, e.g. seed=0,1,2.")
    return made


def _table(parent: Path, combinations: list[tuple[str, ...]], rows: list[dict[str, Any]], as_json: bool) -> None:
    import pandas as pd

    measure = "rmse" if any("valid_rmse" in (row.get("best") or {}) for row in rows) else "accuracy"
    keys = (f"valid_{measure}", f"test_{measure}", "flops", "params")
    table = pd.DataFrame(
        [
            {"run": f"{position:02d}", "overrides": " ".join(overrides), "status": row["status"]}
            | {key: (row.get("best") or {}).get(key) for key in keys}
            | {"wall_seconds": row["wall_seconds"]}
            for position, (overrides, row) in enumerate(zip(combinations, rows, strict=True))
        ]
    )
    parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(parent / "sweep.csv", index=False)
    _benchmarks(parent, rows)
    click.echo(json.dumps(rows, indent=2) if as_json else table.to_string(index=False))
    click.echo(f"Compare: nas report {' '.join(str(parent / f'{i:02d}') for i in range(len(rows)))}", err=True)


def _benchmarks(parent: Path, summaries: Sequence[Mapping[str, Any]]) -> None:
    """The rows of distributed benchmarks, where the runs were such, together in rows.csv; measured ones are shown."""
    from nas_cli.bench.rows import PROJECTED, csv_text
    from nas_cli.commands.bench_measure import table

    rows = [row for one in summaries for row in one.get("rows", ()) if "images_per_second" in row]
    if not rows:
        return
    (parent / "rows.csv").write_text(csv_text(rows), encoding="utf-8")
    measured = [row for row in rows if row["kind"] != PROJECTED and "threads" in row]
    if measured:
        click.echo("\n".join(table(measured)), err=True)
