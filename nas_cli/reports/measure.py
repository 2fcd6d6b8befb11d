"""What a run maximises or minimises, in words and units for axes and tables."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
        return f"validation {self.label}" + (f" [{self.unit}]" if self.unit else "")

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


def measure_of(metrics: Iterable[Mapping[str, Any]]) -> Measure:
    """RMSE if the metrics speak of it, else accuracy."""
    return RMSE if any("valid_rmse" in m or "test_rmse" in m for m in metrics) else ACCURACY


def finite(value: Any) -> float | None:
    """The value as a float; None if it is no number, infinite or NaN."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
