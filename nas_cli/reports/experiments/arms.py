"""The runs of an experiment that compares arms: several repeats of several ways to do the same search."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nas_cli.errors import RunError
from nas_cli.reports.history import History
from nas_cli.reports.measure import finite
from nas_cli.reports.outcome import wall_seconds
from nas_cli.reports.source import Source, load
from nas_cli.reports.trial import Trial
from nas_cli.runs.folder import CONFIG


@dataclass(frozen=True)
class Arm:
    """The complete repeats of one arm on one data set, and their numbers, which rise."""

    dataset: str
    name: str
    numbers: tuple[int, ...]
    repeats: tuple[Source, ...]

    def at(self, numbers: Collection[int]) -> "Arm":
        """The arm with only those repeats."""
        kept = [(n, run) for n, run in zip(self.numbers, self.repeats, strict=True) if n in numbers]
        return replace(self, numbers=tuple(n for n, _ in kept), repeats=tuple(run for _, run in kept))


def spread(values: Sequence[float]) -> float:
    """Half the distance between the highest and the lowest."""
    return (max(values) - min(values)) / 2


def find_arms(root: Path, usable: Callable[[Source], bool] | None = None) -> list[Arm]:
    """The arms under `root`, whose runs lie in <dataset>/<arm>-<repeat>/; runs that have not ended are left out, and
    those that are not `usable`: by default those without a scored network in the last generation.

    Raises:
        RunError: if there is no complete run.
    """
    usable = usable or _has_last_population
    found: dict[tuple[str, str], dict[int, Source]] = {}
    for config in root.glob(f"*/*/{CONFIG}"):
        name, dash, repeat = config.parent.name.rpartition("-")
        if not dash or not repeat.isdigit():
            continue
        source = load(config.parent)
        if source.status == "completed" and usable(source):
            found.setdefault((config.parent.parent.name, name), {})[int(repeat)] = source
    if not found:
        raise RunError(f"no complete runs in {root}: run the experiment first.")
    return [
        Arm(dataset, name, tuple(sorted(runs)), tuple(runs[number] for number in sorted(runs)))
        for (dataset, name), runs in sorted(found.items())
    ]


def sessions(history: History) -> int:
    """How often the run was begun or taken up; the time of more than one includes starts and lost work."""
    return 1 + sum(1 for _ in history.of_kind("resume"))


def minutes(source: Source) -> float:
    """Wall time of the run."""
    return (wall_seconds(source.history) or 0.0) / 60


def cpu_minutes(source: Source) -> float:
    """Processor time of all trials: unlike wall time, hardly longer while the machine has other work."""
    return total(source.history.trials, "cpu_seconds") / 60


def total(trials: Iterable[Trial], metric: str) -> float:
    """The sum of a metric over the trials that have it."""
    values = (finite(trial.metrics.get(metric)) for trial in trials)
    return sum(value for value in values if value is not None)


def _has_last_population(source: Source) -> bool:
    return bool(last_population(source.history))


def last_population(history: History) -> list[float]:
    """Validation values of the last generation's networks, failed ones left out."""
    last = max((trial.generation for trial in history.trials), default=0)
    values = (history.score(trial) for trial in history.scored if trial.generation == last)
    return [value for value in values if value is not None]


def best_by_generation(history: History) -> dict[int, float]:
    """The best validation value of each generation."""
    best: dict[int, float] = {}
    for trial in history.scored:
        value = history.score(trial)
        if value is not None:
            best[trial.generation] = max(value, best.get(trial.generation, value))
    return dict(sorted(best.items()))


def compressions(history: History) -> list[Any]:
    """What the journal says of the compression of each trial that had one."""
    found = (trial.event.get("extra", {}).get("compression") for trial in history.scored)
    return [block for block in found if block and not block.get("skipped")]


def flops_ratio(history: History) -> float | None:
    """The thesis' a: FLOPs of all compressed networks before, over those after; None without compression.

    The ratio of the sums, because the model of the speed-up sums over networks of different size.
    """
    blocks = compressions(history)
    after = sum(block["flops_after"] for block in blocks)
    return sum(block["flops_before"] for block in blocks) / after if after else None
