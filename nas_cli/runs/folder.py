"""The folder of a run: what lies where, how it begins, and how it is opened again."""

import datetime
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from nas_cli.errors import RunError
from nas_cli.runs.files import TEMPORARY, refusal, write_atomic
from nas_cli.runs.identity import config_digest
from nas_cli.runs.journal import Event, Journal, first_event, read_journal
from nas_cli.runs.lock import RunLock

CONFIG, ENVIRONMENT, JOURNAL, LOCK = "config.yaml", "environment.json", "journal.jsonl", "lock"
RUNS = Path("results") / "runs"
"""Where a run goes that is not told where to go."""


@dataclass(frozen=True)
class RunFolder:
    """A run folder; `config.yaml` marks it as one, the journal is its only truth."""

    path: Path

    @property
    def log(self) -> Path:
        """The file that takes the output of worker processes."""
        return self.path / "log.txt"

    @property
    def data(self) -> Path:
        """The prepared data set, removed when the run is complete."""
        return self.path / "data"

    @property
    def models(self) -> Path:
        """Trained networks of trials that may still become the best, removed when the run is complete."""
        return self.path / "models"

    @property
    def best(self) -> Path:
        """The folder of the chosen network: architecture.json and model.keras."""
        return self.path / "best"

    def lock(self) -> RunLock:
        """The lock that a process holds while it changes the run: `with run.lock(): …`."""
        return RunLock(self.path / LOCK)

    def journal(self) -> Journal:
        """The journal, opened for appending."""
        return Journal(self.path / JOURNAL)

    def events(self) -> list[Event]:
        """The journal's events; none if the run was killed before it wrote the first."""
        file = self.path / JOURNAL
        return read_journal(file) if file.exists() else []

    def first_event(self) -> Event | None:
        """The journal's first event; None if the run was killed before it wrote one."""
        file = self.path / JOURNAL
        return first_event(file) if file.exists() else None

    def config(self) -> dict[str, Any]:
        """The configuration the run was made with, as plain values.

        Raises:
            RunError: if config.yaml is unreadable.
        """
        file = self.path / CONFIG
        try:
            config = yaml.safe_load(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise RunError(f"cannot read {file}: restore it from a copy, or start a new run.") from error
        if not isinstance(config, dict):
            raise RunError(f"{file} must hold a group of keys: restore it from a copy, or start a new run.")
        return config

    def write_json(self, name: str, value: Any) -> None:
        """Writes a file of the run (`name` may contain folders) at once or not at all."""
        self.write_text(name, json.dumps(value, indent=2, allow_nan=False) + "\n")

    def write_text(self, name: str, text: str) -> None:
        """Writes a file of the run (`name` may contain folders) at once or not at all.

        Raises:
            RunError: if it cannot be written; says what to do.
        """
        file = self.path / name
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise refusal(error, file) from error
        write_atomic(file, text.encode())

    def remove(self, folder: Path) -> None:
        """Deletes a folder inside the run; harmless when it is not there."""
        shutil.rmtree(folder, ignore_errors=True)


def create_run(path: Path, config: Mapping[str, Any], environment: Mapping[str, Any]) -> RunFolder:
    """A new run folder that holds its configuration and environment.

    Raises:
        RunError: if the folder holds anything already (nothing is then written), or cannot be written.
    """
    run = RunFolder(path)
    _refuse_occupied(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refusal(error, path) from error
    with run.lock():
        # Another process may have made a run here since the first look.
        _refuse_occupied(path)
        run.write_json(ENVIRONMENT, dict(environment))
        run.write_text(CONFIG, yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True))
    return run


def open_run(path: Path) -> RunFolder:
    """The run in an existing folder.

    Raises:
        RunError: if there is no run.
    """
    if not path.is_dir():
        raise RunError(f"there is no run in {path}: give the folder of a run, e.g. results/runs/search-….")
    if not (path / CONFIG).is_file():
        raise RunError(f"{path} is not a run, it has no {CONFIG}: give the folder of a run.")
    return RunFolder(path)


def default_path(command: str, config: Mapping[str, Any], now: datetime.datetime | None = None) -> Path:
    """results/runs/<command>-<date>-<time>-<short hash of the configuration>; a free name."""
    moment = now or datetime.datetime.now()
    stem = f"{command}-{moment:%Y%m%d-%H%M%S}-{config_digest(config)[:6]}"
    path = RUNS / stem
    number = 2
    while path.exists():
        path = path.with_name(f"{stem}-{number}")
        number += 1
    return path


def _refuse_occupied(path: Path) -> None:
    try:
        names = {entry.name for entry in path.iterdir() if not entry.name.endswith(TEMPORARY)}
    except FileNotFoundError:
        return
    except OSError as error:
        raise refusal(error, path) from error
    if CONFIG in names:
        raise RunError(f"{path} already holds a run: continue it with --resume {path}, or choose another --out.")
    # A process killed while it made the folder leaves these; the lock says that the rest is ours.
    if names and not (LOCK in names and names <= {LOCK, ENVIRONMENT}):
        raise RunError(f"{path} is not empty: choose another folder with --out.")
