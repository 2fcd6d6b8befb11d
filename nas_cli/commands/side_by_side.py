"""Runs beside each other as text: settings that differ, results, and where the page of them is."""

import shlex
from collections.abc import Callable, Sequence
from string import ascii_uppercase
from typing import Any

from nas_cli.commands.columns import aligned
from nas_cli.reports.grouping import parted, settings_that_differ
from nas_cli.reports.numbers import DASH, count, duration
from nas_cli.reports.outcome import test_value, wall_seconds
from nas_cli.reports.source import Source

RESULTS: dict[str, Callable[[Source], Any]] = {
    "status": lambda source: source.status,
    "data": lambda source: source.dataset or None,
    "split": lambda source: source.split[:8] or None,
    "trials": lambda source: len(source.history.trials) or None,
    "best_valid": lambda source: source.best_valid,
    "test": lambda source: test_value(source.history),
    "flops": lambda source: source.flops,
    "params": lambda source: source.params,
    "wall_seconds": lambda source: wall_seconds(source.history),
}
TEXTS: dict[str, Callable[[Source, Any], str]] = {
    "best_valid": lambda source, value: source.history.measure.text(value),
    "test": lambda source, value: source.history.tested.text(value),
    "flops": lambda source, value: count(value),
    "params": lambda source, value: count(value),
    "wall_seconds": lambda source, value: duration(value),
}


def as_plain(sources: Sequence[Source]) -> dict[str, Any]:
    """{"runs": [path], "settings": {key: [text]}, "results": {name: [value]}}."""
    return {
        "runs": [str(source.path) for source in sources],
        "settings": settings_that_differ(sources),
        "results": {name: [value(source) for source in sources] for name, value in RESULTS.items()},
    }


def lines(sources: Sequence[Source]) -> list[str]:
    """A letter for each run, a table of settings, one of results, and how to get the page."""
    letters = [_letter(place) for place in range(len(sources))]
    names = [f"{letter}  {source.path}" for letter, source in zip(letters, sources, strict=True)]
    differing, some = parted(settings_that_differ(sources))
    settings = [("settings that differ", *letters), *((key, *values) for key, values in differing.items())]
    results = [("results", *letters), *(_result(name, sources) for name in RESULTS)]
    told = aligned(settings) if differing else ["no setting differs that all runs have"]
    told += [f"and {len(some)} settings that only some of these runs have: --json lists them"] if some else []
    return [*names, "", *told, "", *aligned(results), "", _page(sources)]


def _letter(place: int) -> str:
    return ascii_uppercase[place] if place < len(ascii_uppercase) else str(place + 1)


def _result(name: str, sources: Sequence[Source]) -> tuple[str, ...]:
    text = TEXTS.get(name, _plainly)
    title = {"best_valid": "validation", "flops": "FLOPs", "wall_seconds": "wall time"}.get(name, name)
    return (title, *(text(source, RESULTS[name](source)) for source in sources))


def _plainly(source: Source, value: Any) -> str:
    return DASH if value is None else str(value)


def _page(sources: Sequence[Source]) -> str:
    return f"figures, intervals, fronts: {shlex.join(['nas', 'report', *(str(source.path) for source in sources)])}"
