"""Where a search's first generation comes from and goes to."""

import json
import shutil
from pathlib import Path

import pytest

from nas_cli.commands.first_generation import COPY, SAVED, save_first_generation, with_initial_population
from nas_cli.config import load_config
from nas_cli.errors import ConfigError
from nas_cli.runs.folder import create_run
from tests.strategies.codeepneat.configured import make


def config(source: Path):  # type: ignore[no-untyped-def]
    return load_config("search", [f"strategy.initial_population='{source}'"])


def saved(folder: Path) -> Path:
    run = create_run(folder, {"seed": 1}, {})
    save_first_generation(make(1), run)
    return run.path / SAVED


def test_every_codeepneat_run_saves_it_once(tmp_path: Path) -> None:
    file = saved(tmp_path / "run")
    assert json.loads(file.read_text())["networks"]
    run = create_run(tmp_path / "random", {"seed": 1}, {})
    save_first_generation(object(), run)
    assert not (run.path / SAVED).exists()


def test_a_run_starts_from_a_file_or_another_run_and_keeps_its_own_copy(tmp_path: Path) -> None:
    source = saved(tmp_path / "source")
    content = source.read_text()
    for number, given in enumerate((source, source.parent)):
        run = create_run(tmp_path / str(number), {"seed": 1}, {})
        chosen = with_initial_population(config(given), run)
        assert chosen.strategy.initial_population == str(run.path / COPY)
        assert (run.path / COPY).read_text() == content
    shutil.rmtree(source.parent)
    again = with_initial_population(config(source), run)
    assert Path(again.strategy.initial_population).read_text() == content


def test_a_dry_run_reads_it_where_it_lies(tmp_path: Path) -> None:
    source = saved(tmp_path / "source")
    assert with_initial_population(config(source.parent)).strategy.initial_population == str(source)


def test_without_one_the_configuration_stays(tmp_path: Path) -> None:
    for overrides in ([], ["strategy=random"]):
        plain = load_config("search", overrides)
        assert with_initial_population(plain) is plain


def test_a_source_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist: name the folder of a codeepneat run"):
        with_initial_population(config(tmp_path / "missing"))
    with pytest.raises(ConfigError, match="has no population.json"):
        with_initial_population(config(tmp_path))
