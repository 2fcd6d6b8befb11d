"""One decision of a space: the values it may take, and the distribution from which they are drawn."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nas_cli.errors import ConfigError
from nas_cli.spaces.candidate import Scalar

STEPS = 100
"""Steps drawn for a mutation before a neighbour is taken: of few whole numbers, hardly a step reaches the next one."""


@dataclass(frozen=True)
class Categorical:
    """One of `choices`, drawn with probabilities proportional to `weights` (equal where None).

    `ordered`: neighbours of a choice are those beside it, not all others.
    """

    choices: tuple[Scalar, ...]
    weights: tuple[float, ...] | None = None
    ordered: bool = False

    def __post_init__(self) -> None:
        if not self.choices or len(set(map(repr, self.choices))) != len(self.choices):
            raise ConfigError(f"choices must be different values, at least one, got {list(self.choices)}.")
        weights = self.weights
        if weights is None:
            return
        allowed = all(0 <= weight < math.inf for weight in weights) and sum(weights) > 0
        if len(weights) != len(self.choices) or not allowed:
            raise ConfigError(f"weights must be one number >= 0 for each of {list(self.choices)}, got {list(weights)}.")

    def sample(self, rng: np.random.Generator) -> Scalar:
        """A choice."""
        if self.weights is None:
            return self.choices[int(rng.integers(len(self.choices)))]
        weights = np.asarray(self.weights, dtype=np.float64)
        return self.choices[int(rng.choice(len(self.choices), p=weights / weights.sum()))]

    def mutate(self, value: Scalar, rng: np.random.Generator) -> Scalar:
        """Another choice, each with the same probability; the same one if there is no other."""
        at = self.index(value)
        if len(self.choices) == 1:
            return value
        other = int(rng.integers(len(self.choices) - 1))
        return self.choices[other + (other >= at)]

    def neighbours(self, value: Scalar) -> Sequence[Scalar]:
        """All other choices, or, of ordered ones, those beside it."""
        at = self.index(value)
        if self.ordered:
            return [self.choices[i] for i in (at - 1, at + 1) if 0 <= i < len(self.choices)]
        return [choice for i, choice in enumerate(self.choices) if i != at]

    def size(self) -> float:
        """The number of choices."""
        return float(len(self.choices))

    def unit(self, value: Scalar) -> float:
        """The place of the choice in [0, 1]."""
        return self.index(value) / max(1, len(self.choices) - 1)

    def from_unit(self, place: float) -> Scalar:
        """The choice whose interval, of equal ones in [0, 1], holds `place`."""
        return self.choices[min(len(self.choices) - 1, max(0, int(place * len(self.choices))))]

    def index(self, value: Scalar) -> int:
        """The position of a choice.

        Raises:
            ConfigError: if it is none.
        """
        for at, choice in enumerate(self.choices):
            if choice == value and isinstance(choice, bool) == isinstance(value, bool):
                return at
        raise ConfigError(f"{value!r} is not one of {list(self.choices)}.")

    def read(self, value: Any) -> Scalar:
        """The choice equal to a JSON value; ConfigError if there is none."""
        return self.choices[self.index(value)]


@dataclass(frozen=True)
class Numeric:
    """A number in [low, high]: real, or whole where `whole`.

    `distribution`: 'uniform'; 'log_uniform', uniform in the logarithm; 'normal', around the middle with a standard
    deviation of a quarter of the range, cut off at its ends. `step`: the share of the range (of the logarithm's, where
    log_uniform) that a mutation's standard deviation and a neighbour's distance have.
    """

    low: float
    high: float
    whole: bool = False
    distribution: str = "uniform"
    step: float = 0.1

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ConfigError(f"a range must be finite numbers low < high, got [{self.low:g}, {self.high:g}].")
        if self.whole and self.size() < 1:
            raise ConfigError(f"there is no whole number in the range [{self.low:g}, {self.high:g}].")
        if self.distribution not in ("uniform", "log_uniform", "normal"):
            raise ConfigError(f"unknown distribution '{self.distribution}'. Known: uniform, log_uniform, normal.")
        if self.distribution == "log_uniform" and self.low <= 0:
            raise ConfigError(f"a log_uniform range must be above 0, got [{self.low:g}, {self.high:g}].")
        if not 0 < self.step <= 1:
            raise ConfigError(f"a range's step must be in (0, 1], got {self.step:g}.")

    def sample(self, rng: np.random.Generator) -> Scalar:
        """A number drawn from the distribution."""
        if self.distribution != "normal":
            return self.from_unit(float(rng.random()))
        place = -1.0
        while not 0.0 <= place <= 1.0:
            place = float(rng.normal(0.5, 0.25))
        return self.from_unit(place)

    def mutate(self, value: Scalar, rng: np.random.Generator) -> Scalar:
        """Another number: a normal step from `value`, cut off at the ends of the range; a neighbour where steps are too
        small to reach another whole number; the same one if there is no other."""
        for _ in range(STEPS):
            changed = self.from_unit(min(1.0, max(0.0, self.unit(value) + float(rng.normal(0.0, self.step)))))
            if changed != value:
                return changed
        near = self.neighbours(value)
        return near[int(rng.integers(len(near)))] if near else value

    def neighbours(self, value: Scalar) -> Sequence[Scalar]:
        """The numbers one step below and above, the ends of the range where that is outside; whole ones differ by 1
        or more."""
        place = self.unit(value)
        near = [self.from_unit(max(0.0, place - self.step)), self.from_unit(min(1.0, place + self.step))]
        if self.whole:
            low, high = self._ends()
            near = [min(near[0], max(int(value) - 1, low)), max(near[1], min(int(value) + 1, high))]
        return [number for number in dict.fromkeys(near) if number != value]

    def size(self) -> float:
        """The number of whole numbers, or infinity."""
        return math.floor(self.high) - math.ceil(self.low) + 1.0 if self.whole else math.inf

    def unit(self, value: Scalar) -> float:
        """The place of a number in [0, 1], on the logarithm's scale where log_uniform; of a whole one about the middle
        of its share."""
        low, high = self._limits()
        if self.distribution == "log_uniform":
            return math.log(float(value) / low) / math.log(high / low)
        return (float(value) - low) / (high - low)

    def from_unit(self, place: float) -> Scalar:
        """The number at a place in [0, 1]."""
        low, high = self._limits()
        number = low * math.pow(high / low, place) if self.distribution == "log_uniform" else low + place * (high - low)
        if self.whole:
            first, last = self._ends()
            return min(last, max(first, round(number)))
        return min(self.high, max(self.low, number))

    def read(self, value: Any) -> Scalar:
        """A JSON number as one of the range; ConfigError if it is none."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            raise ConfigError(f"{value!r} is not a number in [{self.low:g}, {self.high:g}].")
        if self.whole and float(value) != int(value):
            raise ConfigError(f"{value!r} is not a whole number.")
        return int(value) if self.whole else float(value)

    def _ends(self) -> tuple[int, int]:
        """The least and the greatest whole number."""
        return math.ceil(self.low), math.floor(self.high)

    def _limits(self) -> tuple[float, float]:
        """What 0 and 1 stand for: the ends, of whole numbers half a number further, so that all have equal shares."""
        low, high = self._ends()
        return (low - 0.5, high + 0.5) if self.whole else (self.low, self.high)


@dataclass(frozen=True)
class Decision:
    """A named decision; `when`: it counts only where an earlier decision has one of these values, else always."""

    name: str
    domain: Categorical | Numeric
    when: tuple[str, tuple[Scalar, ...]] | None = None


def counts(decision: Decision, chosen: Mapping[str, Scalar]) -> bool:
    """True if a decision counts, given the earlier ones that do (their values by name)."""
    return decision.when is None or (decision.when[0] in chosen and chosen[decision.when[0]] in decision.when[1])


def counting(decisions: Sequence[Decision], values: Sequence[Scalar]) -> dict[str, Scalar]:
    """The values of the decisions that count, by name: equal for genotypes that mean the same."""
    chosen: dict[str, Scalar] = {}
    for decision, value in zip(decisions, values, strict=True):
        if counts(decision, chosen):
            chosen[decision.name] = value
    return chosen
