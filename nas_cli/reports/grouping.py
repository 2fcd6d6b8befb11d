"""Which runs are repetitions of each other, and what the groups are called."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nas_cli.reports.numbers import DASH
from nas_cli.reports.source import Source

NOT_COMPARED = ("seed", "resources", "strategy.name", "scheduler.name", "dataset.name", "command")
"""Settings that do not make two runs different experiments, or that have a place of their own."""

NAMED = 2
"""Settings that a group's name lists at most; the table of runs has the rest."""

Traits = Mapping[str, str]


def grouped(sources: Sequence[Source]) -> dict[str, list[Source]]:
    """The runs that differ in nothing but their seed, by a name: the strategy, and what sets its groups apart."""
    groups: dict[tuple[str, frozenset[tuple[str, str]]], list[Source]] = {}
    for source in sources:
        groups.setdefault((_strategy(source), frozenset(traits(source).items())), []).append(source)
    members = list(groups.values())
    everywhere = [group[0] for group in members]
    named: dict[str, list[Source]] = {}
    for group in members:
        peers = [other for other in everywhere if _strategy(other) == _strategy(group[0])]
        label = _label(group[0], peers, everywhere)
        while label in named:
            label += "′"
        named[label] = group
    return named


def by_measure(sources: Sequence[Source]) -> dict[str, list[Source]]:
    """The runs by the name of their measure: the most frequent first, the fitness of proxies last."""
    found: dict[str, list[Source]] = {}
    for source in sources:
        found.setdefault(source.history.measure.name, []).append(source)
    return dict(sorted(found.items(), key=lambda item: (item[0] == "fitness", -len(item[1]))))


def traits(source: Source) -> dict[str, str]:
    """Data set, split, measure and every setting of a run that must be equal for a mean to make sense."""
    own = {"data": source.dataset, "split": source.split[:8], "measure": source.history.measure.name}
    return own | {key: str(value) for key, value in _flat(source.config) if not key.startswith(NOT_COMPARED)}


def settings_that_differ(sources: Sequence[Source]) -> dict[str, list[str]]:
    """Every setting that is not one for all runs: its value in each, a dash where a run has none."""
    settings = [{key: str(value) for key, value in _flat(source.config)} for source in sources]
    keys = dict.fromkeys(key for own in settings for key in own)
    values = {key: [own.get(key, DASH) for own in settings] for key in keys}
    return {key: several for key, several in values.items() if len(set(several)) > 1}


def parted(settings: Mapping[str, list[str]]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Settings that every run has, and those of some alone, as of a strategy that the others do not use."""
    everywhere = {key: values for key, values in settings.items() if DASH not in values}
    return everywhere, {key: values for key, values in settings.items() if key not in everywhere}


def _label(source: Source, peers: Sequence[Source], everywhere: Sequence[Source]) -> str:
    mine = traits(source)
    others = [traits(peer) for peer in peers]
    differing = [key for key in mine if any(other.get(key) != mine[key] for other in others)]
    if len({other.dataset for other in everywhere}) > 1:
        differing = ["data", *(key for key in differing if key not in ("data", "split"))]
    bare = ("data", "measure")
    words = [mine[key] if key in bare else f"{key.rsplit('.', 1)[-1]} {mine[key]}" for key in differing[:NAMED]]
    return ", ".join([_strategy(source), *words])


def _strategy(source: Source) -> str:
    return source.strategy or source.command


def _flat(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in config.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
