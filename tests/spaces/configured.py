"""Spaces as the shipped YAML files configure them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from nas_cli.registry import find, load
from nas_cli.schema import validate
from nas_cli.spaces.modular import ModularSpace, ModularSpaceSettings

CONF = Path(__file__).parents[2] / "conf"


def values(group: str, name: str) -> dict[str, Any]:
    """The keys of conf/<group>/<name>.yaml."""
    loaded: dict[str, Any] = yaml.safe_load((CONF / group / f"{name}.yaml").read_text(encoding="utf-8"))
    return loaded


def settings(name: str = "thesis_small", **changes: Any) -> ModularSpaceSettings:
    return replace(validate(ModularSpaceSettings, values("space", name)), **changes)


def space(
    name: str = "thesis_small", shape: tuple[int, ...] = (28, 28, 1), classes: int = 10, **changes: Any
) -> ModularSpace:
    return ModularSpace(settings(name, **changes), shape, classes)


def registered(name: str, shape: tuple[int, ...] = (28, 28, 1), classes: int = 10, **changes: Any) -> Any:
    """Any space of the registry with its YAML's settings, some of them changed."""
    entry = find("space", name)
    chosen = replace(validate(load(entry.settings), values("space", name)), **changes)
    return load(entry.target)(chosen, shape, classes)
