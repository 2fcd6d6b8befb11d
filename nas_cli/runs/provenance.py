"""Which runs a network came from: a run's configuration names the run whose network it took."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nas_cli.errors import RunError
from nas_cli.runs.folder import CONFIG, RunFolder


@dataclass(frozen=True)
class Step:
    """A run on the way to a network: its folder, its command, and its summary.json (empty before there is one)."""

    path: Path
    command: str
    summary: Mapping[str, Any]

    @property
    def block(self) -> Mapping[str, Any]:
        """What the summary says of what the command did."""
        found = self.summary.get("training" if self.command == "train" else self.command)
        return found if isinstance(found, Mapping) else {}


def lineage(model: str) -> list[Step]:
    """The runs that a model came through, oldest first, the last being `model` itself; none if it is no run.

    A run names its source as `model.name` (or the source of its weights as `model.weights`), a path as it was given;
    where it no longer leads anywhere, a folder of that name beside the run is taken. It ends at what is no run.
    """
    steps: list[Step] = []
    seen: set[Path] = set()
    path: Path | None = _run(Path(model))
    while path is not None and path.resolve() not in seen:
        seen.add(path.resolve())
        summary = _summary(path)
        steps.insert(0, Step(path, str(summary.get("command") or path.name.partition("-")[0]), summary))
        path = _source(path)
    return steps


def _run(path: Path) -> Path | None:
    return path if (path / CONFIG).is_file() else None


def _source(path: Path) -> Path | None:
    try:
        model = RunFolder(path).config().get("model")
    except RunError:
        return None
    named = model if isinstance(model, Mapping) else {}
    for name in (named.get("name"), named.get("weights")):
        if isinstance(name, str):
            found = _run(Path(name)) or _run(path.parent / Path(name).name)
            if found is not None:
                return found
    return None


def _summary(path: Path) -> Mapping[str, Any]:
    try:
        value = json.loads((path / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
