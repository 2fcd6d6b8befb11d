"""The runs that a network came through."""

import json
from pathlib import Path

import yaml

from nas_cli.runs.provenance import lineage


def _run(path: Path, command: str, model: str) -> Path:
    path.mkdir()
    (path / "config.yaml").write_text(yaml.safe_dump({"model": {"name": model, "weights": None}}))
    (path / "summary.json").write_text(json.dumps({"command": command, command: {"model": model}}))
    return path


def test_runs_are_followed_to_the_first(tmp_path: Path) -> None:
    first = _run(tmp_path / "a", "morph", "resnet20")
    second = _run(tmp_path / "b", "prune", str(first))
    third = _run(tmp_path / "c", "quantize", str(second))
    assert [(step.command, step.path) for step in lineage(str(third))] == [
        ("morph", first), ("prune", second), ("quantize", third),
    ]  # fmt: skip
    assert lineage(str(third))[0].block == {"model": "resnet20"}


def test_runs_that_were_moved_together_still_find_each_other(tmp_path: Path) -> None:
    _run(tmp_path / "a", "morph", "resnet20")
    second = _run(tmp_path / "b", "prune", "somewhere/else/a")
    assert [step.command for step in lineage(str(second))] == ["morph", "prune"]


def test_what_is_no_run_has_no_lineage_and_a_circle_ends(tmp_path: Path) -> None:
    assert lineage("resnet20") == [] and lineage(str(tmp_path)) == []
    _run(tmp_path / "a", "train", str(tmp_path / "b"))
    _run(tmp_path / "b", "train", str(tmp_path / "a"))
    assert len(lineage(str(tmp_path / "a"))) == 2
