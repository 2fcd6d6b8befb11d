"""The first generation of a run: where it comes from, and where other runs find it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from nas_cli.config import SearchConfig
from nas_cli.errors import ConfigError
from nas_cli.runs.files import copy_atomic
from nas_cli.runs.folder import RunFolder

SAVED = "population.json"
"""The first generation of a run, for `strategy.initial_population` of others."""
COPY = "initial_population.json"
"""What a run has started from: its own copy, so that it can be resumed when the original has moved."""


def with_initial_population(config: SearchConfig, run: RunFolder | None = None) -> SearchConfig:
    """The configuration with strategy.initial_population as a file: the run's own copy, made when the run begins.

    Without a run it is the file that the key names, or the one in the run folder that it names.

    Raises:
        ConfigError: if there is no such file.
        RunError: if it cannot be copied.
    """
    given = getattr(config.strategy, "initial_population", None)
    if given is None:
        return config
    copy = None if run is None else run.path / COPY
    if copy is None or not copy.exists():
        file = _found(Path(given))
        if copy is not None:
            copy_atomic(file, copy)
        copy = copy or file
    return replace(config, strategy=replace(config.strategy, initial_population=str(copy)))


def save_first_generation(strategy: Any, run: RunFolder) -> None:
    """Writes population.json into the run folder, where the strategy has populations and it is not there yet."""
    # A scheduler's own state is no part of a first generation.
    strategy = getattr(strategy, "inner", strategy)
    if hasattr(strategy, "population_json") and not (run.path / SAVED).exists():
        run.write_json(SAVED, strategy.population_json())


def _found(given: Path) -> Path:
    file = given / SAVED if given.is_dir() else given
    if not file.is_file():
        what = f"has no {SAVED}" if given.is_dir() else "does not exist"
        raise ConfigError(
            f"strategy.initial_population '{given}' {what}: name the folder of a codeepneat run, or such a file."
        )
    return file
