"""What a command that makes a run was asked to do, and how it does it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nas_cli.commands.options import gather
from nas_cli.runs.folder import RunFolder


@dataclass(frozen=True)
class Request:
    """What the user typed, apart from the configuration's own keys."""

    command: str
    overrides: tuple[str, ...]
    print_config: bool
    dry_run: bool
    out: Path | None
    resume: Path | None
    sweep: bool
    as_json: bool

    def without_overrides(self) -> "Request":
        """The same for one run of a sweep, whose configuration is composed already."""
        return replace(self, overrides=())


@dataclass(frozen=True)
class Actions:
    """What the command does: `predict` lines for --dry-run; `execute` a run, giving its summary."""

    predict: Callable[[Any], list[str]]
    execute: Callable[[Any, RunFolder], Mapping[str, Any]]


def request(command: str, groups: Sequence[str], given: Mapping[str, Any], extra: Sequence[str] = ()) -> Request:
    """What Click parsed, as a request; `groups` are the command's option groups, `extra` overrides of its own."""
    chosen = {group: given[group.split("/")[-1]] for group in groups}
    return Request(
        command=command,
        overrides=(*gather(given["overrides"], chosen), *extra),
        print_config=given["print_config"],
        dry_run=given["dry_run"],
        out=given["out"],
        resume=given["resume"],
        sweep=given["sweep"],
        as_json=given["as_json"],
    )
