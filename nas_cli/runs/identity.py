"""What makes two runs the same run: the part of the configuration that changes results."""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from nas_cli.errors import RunError

WITHOUT_EFFECT = frozenset({"out", "resources.workers", "resources.recycle_gb", "training.tensorboard"})
"""Dotted keys that change how a run is carried out or shown, never its numbers."""

_ABSENT = object()


def config_digest(config: Mapping[str, Any], ignore: Collection[str] = WITHOUT_EFFECT) -> str:
    """The SHA-256 (hexadecimal) of the plain configuration without the keys that do not change results."""
    leaves = sorted((key, value) for key, value in _leaves(config, "") if key not in ignore)
    return hashlib.sha256(json.dumps(leaves, separators=(",", ":")).encode()).hexdigest()


def check_same_config(
    made_with: Mapping[str, Any], now: Mapping[str, Any], ignore: Collection[str] = WITHOUT_EFFECT
) -> None:
    """Passes if both configurations give the same results.

    Raises:
        RunError: naming the first key that differs, with its old and its new value.
    """
    old, new = dict(_leaves(made_with, "")), dict(_leaves(now, ""))
    for key in [*old, *(key for key in new if key not in old)]:
        before, after = old.get(key, _ABSENT), new.get(key, _ABSENT)
        if key not in ignore and before != after:
            raise RunError(
                f"the run was made with {key}={_shown(before)}, not {_shown(after)}: "
                "resume it without this change, or start a new run."
            )


def _leaves(value: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    for key, item in value.items():
        name = f"{path}.{key}" if path else str(key)
        if isinstance(item, Mapping) and item:
            yield from _leaves(item, name)
        else:
            yield name, _comparable(item)


def _comparable(item: Any) -> Any:
    if isinstance(item, list | tuple):
        return [_comparable(part) for part in item]
    return item


def _shown(value: Any) -> str:
    return "(nothing)" if value is _ABSENT else json.dumps(value)
