"""Objectives of a comparison by name: where a trial's value is found, and which direction is better."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nas_cli.errors import ConfigError
from nas_cli.reports.history import History
from nas_cli.reports.measure import finite
from nas_cli.reports.trial import Trial

FITNESS = "fitness"
DEFAULT = ("fitness", "-flops")


@dataclass(frozen=True)
class Objective:
    """A value of trials, to be maximised or, where `lower` is better, minimised."""

    name: str
    lower: bool = False

    @property
    def text(self) -> str:
        """'fitness', '-flops': as it was asked for."""
        return ("-" if self.lower else "") + self.name

    @property
    def sign(self) -> float:
        """What a value is multiplied by so that higher is better."""
        return -1.0 if self.lower else 1.0

    def value(self, trial: Trial) -> float | None:
        """The trial's value: its fitness, or a metric or cost of that name; None if the journal has none."""
        if self.name == FITNESS:
            return trial.fitness
        for place in (trial.metrics, trial.cost, trial.event):
            if self.name in place:
                return finite(place[self.name])
        return None

    def axis(self, history: History) -> str:
        """The label of an axis of values times `scale`."""
        if self.name == FITNESS and history.measure.higher_is_better:
            return history.measure.axis
        units = {"flops": "FLOPs per example", "macs": "MACs per example", "params": "parameters"}
        if self.name in units:
            return units[self.name]
        words, _, unit = self.name.rpartition("_")
        known = {"ms": "ms", "seconds": "s", "bytes": "bytes"}
        return f"{words.replace('_', ' ')} [{known[unit]}]" if words and unit in known else self.name.replace("_", " ")

    def scale(self, history: History) -> float:
        """What a value is multiplied by for the axis: 100 for a share shown in percent."""
        share = (
            self.name == FITNESS and history.measure.higher_is_better or self.name == f"valid_{history.measure.name}"
        )
        return history.measure.scale if share else 1.0


def objectives(text: str) -> tuple[Objective, ...]:
    """The objectives of a list such as 'fitness,-flops': a minus before what is to be small.

    Raises:
        ConfigError: if there are fewer than two, or one comes twice.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    found = tuple(Objective(name.lstrip("-+"), name.startswith("-")) for name in names)
    if len(found) < 2 or len({objective.name for objective in found}) != len(found):
        raise ConfigError(
            f"objectives must be at least two different names of metrics, got '{text}': for example fitness,-flops."
        )
    return found


def reference_point(text: str, wanted: Sequence[Objective]) -> tuple[float, ...]:
    """The numbers of a list such as '0.5,2e6', one for each objective, each in its own unit.

    Raises:
        ConfigError: if they are not as many finite numbers.
    """
    try:
        values = tuple(float(word) for word in text.split(","))
    except ValueError:
        values = ()
    if len(values) != len(wanted) or not all(map(math.isfinite, values)):
        names = ", ".join(objective.name for objective in wanted)
        raise ConfigError(f"the reference must be a number for each of {names}, got '{text}': for example 0.5,2e6.")
    return values
