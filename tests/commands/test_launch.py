"""What is left behind, and what is refused, when a run begins or is taken up."""

from pathlib import Path
from typing import Any

import pytest

from nas_cli.commands.launch import begin, configuration, take_up
from nas_cli.commands.options import quoted
from nas_cli.commands.request import Actions, Request
from nas_cli.config import load_config
from nas_cli.errors import DataError, RunError


def request(*overrides: str) -> Request:
    return Request("search", overrides, False, False, None, None, False, False)


def refuse(config: Any, run: Any) -> dict[str, Any]:
    (run.path / "log.txt").write_text("starting")
    raise DataError("no such data set")


def started(config: Any, run: Any) -> dict[str, Any]:
    with run.journal() as journal:
        journal.append({"event": "start", "command": "search"})
    return {"status": "interrupted"}


def actions(execute: Any) -> Actions:
    return Actions(predict=lambda config: [], execute=execute)


@pytest.mark.parametrize("was_there", [True, False])
def test_a_run_that_never_began_leaves_nothing(tmp_path: Path, was_there: bool) -> None:
    out = tmp_path / "run"
    if was_there:
        out.mkdir()
    with pytest.raises(DataError):
        begin(request(), actions(refuse), configuration(request(), ()), (), out)
    assert list(tmp_path.rglob("*")) == ([out] if was_there else [])


def test_a_run_is_taken_up_only_by_its_own_command(tmp_path: Path) -> None:
    out = tmp_path / "run"
    begin(request(), actions(started), configuration(request(), ()), (), out)
    other = Request("train", (), False, False, None, None, False, False)
    with pytest.raises(RunError, match="was made by `nas search`"):
        take_up(other, actions(started), out)


@pytest.mark.parametrize("name", ["my net.keras", "it's.keras", "a\\b.keras", "weird[1],{2}.keras"])
def test_any_file_name_survives_as_an_override(name: str) -> None:
    assert load_config("train", [f"model.name={quoted(name)}"]).model.name == name
