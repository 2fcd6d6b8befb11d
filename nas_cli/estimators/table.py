"""Looks scores up in a table instead of training: benchmarks of searches in milliseconds, with simulated time."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, final

import numpy as np

from nas_cli.errors import ConfigError, RunError
from nas_cli.estimators.contract import NO_HINTS, Hints, Progress, Score
from nas_cli.estimators.published_tables import published_table
from nas_cli.schema import number
from nas_cli.spaces.candidate import Candidate, Point
from nas_cli.spaces.points import Points
from nas_cli.spaces.table_description import ANY, Objective
from nas_cli.spaces.table_file import Table

SHARE = "accuracy"
"""The measure that is a share: where a column of it goes above 1, its columns are in percent."""


@dataclass(frozen=True, kw_only=True)
class TableEstimatorSettings:
    """`objective`: one of the description's, None its first. `epochs`: the budget of a trial for which the strategy
    asks no other; None the description's, or else the largest that the table has."""

    name: str
    objective: str | None
    epochs: int | None = number(1)
    tensorflow: ClassVar[bool] = False
    points: ClassVar[bool] = True


@final
class TableEstimator:
    """The row of a point: its fitness at the trial's budget, its costs, and the seconds that the training took.

    A budget between two of the table's gets the lower one, which is what a training of at most so many epochs can have
    reached; one below the lowest is an error. `simulated_seconds` of a budget without a column of its own is the share
    by epochs of the largest that has one (12/200 of 200 epochs). A trial that continues another pays its whole time:
    trainings of different length have schedules of their own, and the longer one is not a continuation of the shorter.
    A row whose fitness is nan, and a point without a row, is a failed trial.
    """

    def __init__(self, settings: TableEstimatorSettings, space: Points, seed: int = 0) -> None:
        """
        Raises:
            ConfigError: if there is no table for the space, or it lacks the objective or the budget.
            DataError: if the table cannot be read.
        """
        self.table: Table = space.table or published_table(space.name)
        self._objective = self.table.description.objective(settings.objective)
        self._epochs = settings.epochs or self.table.description.epochs
        self._factors = _factors(self.table, self._objective)
        self._sign = 1.0 if self._objective.direction == "max" else -1.0
        self._check_decisions(space)
        self._fidelity(self._epochs)

    def estimate(
        self,
        architecture: Candidate,
        seed: int,
        model_file: Path | None,
        progress: Progress,
        hints: Hints = NO_HINTS,
    ) -> Score:
        fidelity = self._fidelity(hints.epochs or self._epochs)
        row = self._row(architecture)
        if row is None:
            return Score(None, failure=f"not in the table {self.table.file.name}: {architecture.digest()}")
        column = self._objective.fitness[fidelity]
        value = self._value(column.name, row)
        metrics = self._times(fidelity, row)
        cost = self.table.cost(row)
        if np.isnan(value):
            return Score(None, metrics, failure=f"the table has nan for '{column.name}'", cost=cost)
        metrics[f"valid_{self._objective.measure}"] = value
        return Score(self._sign * value, metrics, cost=cost)

    def known_test(self, architecture: Candidate) -> Mapping[str, float] | None:
        """{'test_accuracy': …}, the value of the test column (of the largest budget); None where there is none."""
        row = self._row(architecture)
        if row is None or not self._objective.test:
            return None
        column = self._objective.test[max(self._objective.test)]
        value = self._value(column.name, row)
        return None if np.isnan(value) else {f"test_{self._objective.measure}": value}

    def test(self, model_file: Path) -> Mapping[str, float]:
        raise RunError(f"a table leaves no networks: there is nothing to test in {model_file}.")

    def _row(self, candidate: Candidate) -> int | None:
        if not isinstance(candidate, Point):
            raise ConfigError("estimator=table looks points of a space up, not networks.")
        return self.table.row(dict(candidate.values))

    def _value(self, column: str, row: int) -> float:
        return float(self.table.numbers(column)[row]) * self._factors[column]

    def _fidelity(self, epochs: int | None) -> int:
        """The largest budget of the table that is not above `epochs`; its largest for None."""
        known = self._objective.fitness
        if ANY in known:
            return ANY
        lower = [budget for budget in known if epochs is None or budget <= epochs]
        if not lower:
            raise ConfigError(
                f"a budget of {epochs} epochs is below what the table {self.table.file.name} has for "
                f"'{self._objective.name}': {', '.join(map(str, known))}."
            )
        return max(lower)

    def _times(self, fidelity: int, row: int) -> dict[str, float]:
        """epochs and simulated_seconds, as far as they are known."""
        known = {} if fidelity == ANY else {"epochs": float(fidelity)}
        seconds = self._objective.seconds
        if not seconds:
            return known
        have = fidelity if fidelity in seconds else max(seconds)
        column = seconds[have]
        # A single column of seconds belongs to the longest training.
        whole = have if have != ANY else max(self._objective.fitness)
        share = fidelity / whole if whole != ANY and fidelity != ANY else 1.0
        taken = float(self.table.numbers(column.name)[row]) * (column.factor or 1.0) * share
        return known if np.isnan(taken) else known | {"simulated_seconds": taken}

    def _check_decisions(self, space: Points) -> None:
        wanted, given = ([d.name for d in decisions] for decisions in (self.table.decisions, space.decisions))
        if sorted(wanted) != sorted(given):
            raise ConfigError(
                f"the table {self.table.file.name} has the decisions {', '.join(wanted)}; space '{space.name}' has "
                f"{', '.join(given)}."
            )


def _factors(table: Table, objective: Objective) -> dict[str, float]:
    """What each column of fitness and test is multiplied with: accuracies become shares.

    Raises:
        ConfigError: for an accuracy below 0 or above 100 %, or shares beside percent.
    """
    columns = [column for part in (objective.fitness, objective.test) for column in part.values()]
    if objective.measure != SHARE:
        return {column.name: column.factor or 1.0 for column in columns}
    percent = _in_percent(table, objective)
    found = {column.name: column.factor or (0.01 if percent else 1.0) for column in columns}
    for name, factor in found.items():
        numbers = table.numbers(name) * factor
        wrong = np.flatnonzero((numbers < 0.0) | (numbers > 1.0 + 1e-9))
        if len(wrong):
            raise ConfigError(
                f"{table.place(int(wrong[0]))}: column '{name}' holds {table.numbers(name)[wrong[0]]:g}, which is no "
                f"accuracy: add `measure: value` to {table.description.source} if it is none, or correct the row."
            )
    return found


def _in_percent(table: Table, objective: Objective) -> bool:
    """True if accuracies without a factor are in percent: some of `fitness` and some of `test` are above 1.

    Of low budgets alone it does not show: all networks may still be below 1 %.

    Raises:
        ConfigError: if one of the two has shares, the other percent.
    """
    found: dict[str, bool] = {}
    for key, part in (("fitness", objective.fitness), ("test", objective.test)):
        plain = [table.numbers(column.name) for column in part.values() if column.factor is None]
        if plain:
            found[key] = any(np.nanmax(numbers) > 1.0 for numbers in plain)
    if len(set(found.values())) > 1:
        percent, share = sorted(found, key=lambda key: not found[key])
        raise ConfigError(
            f"{table.description.source}: the accuracies of `{percent}` are above 1, those of `{share}` are not: write "
            f"{{column: NAME, factor: 0.01}} for those in percent, and factor: 1 for shares."
        )
    return any(found.values())
