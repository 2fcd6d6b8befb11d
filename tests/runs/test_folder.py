import datetime
import errno
import json
import os
from pathlib import Path

import pytest

from nas_cli.errors import RunError
from nas_cli.runs.files import copy_atomic, write_atomic
from nas_cli.runs.folder import RunFolder, create_run, default_path, open_run

CONFIG = {"seed": 3, "training": {"epochs": 2, "rate": 1e-05, "name": "no"}, "shape": [1, 2], "none": None}


def names(path: Path) -> set[str]:
    return {entry.name for entry in path.iterdir()}


def test_a_run_opens_with_the_config_it_was_made_with(tmp_path: Path) -> None:
    create_run(tmp_path / "a" / "run", CONFIG, {"python": "3"})
    run = open_run(tmp_path / "a" / "run")
    assert run.config() == CONFIG
    assert json.loads((run.path / "environment.json").read_text()) == {"python": "3"}
    assert run.events() == []
    assert names(run.path) == {"config.yaml", "environment.json", "lock"}


def test_a_folder_with_other_things_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(RunError, match="not empty.*--out"):
        create_run(tmp_path, CONFIG, {})
    assert names(tmp_path) == {"thesis.tex"}


def test_an_existing_run_is_refused_with_the_way_to_continue_it(tmp_path: Path) -> None:
    create_run(tmp_path / "run", CONFIG, {})
    with pytest.raises(RunError, match="already holds a run: continue it with --resume"):
        create_run(tmp_path / "run", CONFIG, {})


def test_what_a_kill_during_creation_leaves_is_no_obstacle(tmp_path: Path) -> None:
    for name in ("lock", "environment.json", ".config.yaml.12.tmp"):
        (tmp_path / name).touch()
    assert create_run(tmp_path, CONFIG, {}).config() == CONFIG


def test_creation_is_refused_while_another_process_makes_the_same_run(tmp_path: Path) -> None:
    with RunFolder(tmp_path).lock(), pytest.raises(RunError, match="in use by process"):
        create_run(tmp_path, CONFIG, {})


def test_resume_of_something_else_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="is not a run, it has no config.yaml"):
        open_run(tmp_path)
    for path in (tmp_path / "none", tmp_path / "file"):
        with pytest.raises(RunError, match="there is no run in"):
            open_run(path)


def test_a_damaged_config_is_one_line(tmp_path: Path) -> None:
    run = create_run(tmp_path / "run", CONFIG, {})
    for text in ("a: [", "- 1", "\0"):
        (run.path / "config.yaml").write_text(text)
        with pytest.raises(RunError, match="config.yaml"):
            open_run(run.path).config()


@pytest.mark.parametrize(
    ("number", "advice"),
    [(errno.ENOSPC, "disk is full.*--resume"), (errno.EACCES, "no permission.*--out"), (errno.EROFS, "read-only")],
)
def test_a_refused_write_keeps_the_old_file_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, advice: str
) -> None:
    run = create_run(tmp_path / "run", CONFIG, {})
    run.write_json("summary.json", {"old": 1})
    before = names(run.path)

    def refuse(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(RunError, match=advice) as refused:
        run.write_json("summary.json", {"new": 2})
    assert "\n" not in str(refused.value)
    assert json.loads((run.path / "summary.json").read_text()) == {"old": 1}
    assert names(run.path) == before


def test_a_path_through_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(RunError, match="cannot write.*a part of the path is a file.*--out"):
            create_run(path, CONFIG, {})


def test_no_permission_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(RunError, match="no permission to write there: choose another folder with --out"):
        create_run(tmp_path / "run", CONFIG, {})
    assert names(tmp_path) == set()


def test_a_read_only_folder_is_named_not_the_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("nas_cli.runs.files.os.replace", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    source = tmp_path / "source"
    source.write_bytes(b"page")
    said = "cannot write .*/report.html: the file system is read-only: choose another folder with --out, or copy"
    with pytest.raises(RunError, match=said):
        write_atomic(tmp_path / "report.html", b"page")
    with pytest.raises(RunError, match=said):
        copy_atomic(source, tmp_path / "report.html")


def test_default_paths_are_dated_and_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    now = datetime.datetime(2024, 5, 6, 7, 8, 9)
    first = default_path("search", CONFIG, now)
    assert first.as_posix().startswith("results/runs/search-20240506-070809-")
    first.mkdir(parents=True)
    assert default_path("search", CONFIG, now).name == first.name + "-2"
