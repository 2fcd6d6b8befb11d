"""What a run maximises or minimises, in words and units for axes and tables."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Measure:
    """A quality measure: `name` is the ending of its journal keys (`valid_<name>`, `test_<name>`)."""

    name: str
    label: str
    unit: str
    scale: float
    higher_is_better: bool

    @property
    def axis(self) -> str:
        """'validation accuracy [%]', for an axis of values multiplied by `scale`."""
        kind = "" if self.name == "fitness" else "validation "
        return f"{kind}{self.label}" + (f" [{self.unit}]" if self.unit else "")

    @property
    def title(self) -> str:
        """'validation accuracy', without a unit."""
        return self.axis.partition(" [")[0]

    def valid(self, metrics: Mapping[str, Any]) -> float | None:
        """The validation value of `metrics`, None if it is absent or not finite."""
        return finite(metrics.get(f"valid_{self.name}"))

    def test(self, metrics: Mapping[str, Any]) -> float | None:
        """The test value of `metrics`, None if it is absent or not finite."""
        return finite(metrics.get(f"test_{self.name}"))

    def better(self, one: float, other: float) -> bool:
        """True if `one` is strictly better than `other`."""
        return one > other if self.higher_is_better else one < other

    def text(self, value: float | None) -> str:
        """The value for people: '91.25 %', '0.412', or a dash for None."""
        if value is None:
            return "–"
        return f"{value * self.scale:.2f} %" if self.unit == "%" else f"{value:.4g}"


ACCURACY = Measure("accuracy", "accuracy", "%", 100.0, True)
RMSE = Measure("rmse", "RMSE", "", 1.0, False)
FITNESS = Measure("fitness", "fitness", "", 1.0, True)

KNOWN = {measure.name: measure for measure in (RMSE, ACCURACY)}
NO_MEASURES = ("loss",)
"""Endings of journal keys that stand beside a measure."""


def measure_of(scores: Iterable[tuple[Mapping[str, Any], float | None]]) -> Measure:
    """The measure that (metrics, fitness) pairs speak of by their keys: RMSE, accuracy, or else one of another name.

    One of another name is better when higher if the fitness has its sign. FITNESS if there are scores without any
    measured value, as those of a proxy; accuracy if there is nothing.
    """
    found = list(scores)
    names = dict.fromkeys(key.partition("_")[2] for metrics, _ in found for key in metrics if _speaks(key))
    for name in (*KNOWN, *names):
        if name in names:
            return _made(name, found)
    return FITNESS if any(fitness is not None for _, fitness in found) else ACCURACY


def finite(value: Any) -> float | None:
    """The value as a float; None if it is no number, infinite or NaN."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def _speaks(key: str) -> bool:
    return key.startswith(("valid_", "test_")) and key.partition("_")[2] not in NO_MEASURES


def _made(name: str, scores: list[tuple[Mapping[str, Any], float | None]]) -> Measure:
    values = [(finite(metrics.get(f"valid_{name}")), fitness) for metrics, fitness in scores]
    if name in KNOWN:
        # Some tables have accuracies in percent.
        percent = name == "accuracy" and max((value for value, _ in values if value is not None), default=0.0) > 1.5
        return replace(KNOWN[name], scale=1.0) if percent else KNOWN[name]
    rising = all(value == fitness for value, fitness in values if value is not None and fitness is not None)
    return Measure(name, name.replace("_", " "), "", 1.0, rising)
