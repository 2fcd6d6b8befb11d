"""The events of a journal, put in order: what happened in a run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nas_cli.reports.measure import Measure, measure_of
from nas_cli.reports.trial import Event, Trial


@dataclass(frozen=True)
class History:
    """The events of one run in the order they were written."""

    events: Sequence[Event]

    def of_kind(self, kind: str) -> Iterator[Event]:
        """The events of one kind, oldest first."""
        return (event for event in self.events if event.get("event") == kind)

    def last(self, kind: str) -> Event:
        """The newest event of one kind, or an empty mapping."""
        return next((event for event in reversed(self.events) if event.get("event") == kind), {})

    @cached_property
    def start(self) -> Event:
        """The first start event, or an empty mapping if the journal holds nothing."""
        return next(self.of_kind("start"), {})

    @cached_property
    def dataset(self) -> Mapping[str, Any]:
        """name, input_shape, classes, train, validation, test, provenance, split_digest."""
        return self.start.get("dataset") or {}

    @cached_property
    def precisions(self) -> tuple[str, ...]:
        """The Keras dtype policies that networks were trained in, in alphabetical order; empty if nothing says."""
        found = [self.start.get("precision"), *(trial.event.get("extra", {}).get("precision") for trial in self.trials)]
        return tuple(sorted({str(name) for name in found if name}))

    @cached_property
    def trials(self) -> tuple[Trial, ...]:
        """Every trial once, by number; of two events of one trial the first counts, as in a resumed search."""
        found: dict[int, Trial] = {}
        for event in self.of_kind("trial"):
            found.setdefault(int(event["id"]), Trial(event))
        return tuple(found[number] for number in sorted(found))

    @cached_property
    def scored(self) -> tuple[Trial, ...]:
        """The trials with a fitness."""
        return tuple(trial for trial in self.trials if trial.fitness is not None)

    @cached_property
    def failed(self) -> tuple[Trial, ...]:
        """The trials without a fitness."""
        return tuple(trial for trial in self.trials if trial.fitness is None)

    @cached_property
    def epochs(self) -> tuple[Mapping[str, Any], ...]:
        """The epochs of a training, by phase (one, without a name, in a single training) and number.

        Of an epoch repeated after a resume the last counts.
        """
        phases: dict[str, dict[int, Mapping[str, Any]]] = {}
        for event in self.of_kind("epoch"):
            metrics = {**event, **(event.get("metrics") or {})}
            found = phases.setdefault(str(metrics.get("name", "")), {})
            found[int(metrics.get("epoch", len(found) + 1))] = metrics
        return tuple(found[number] for found in phases.values() for number in sorted(found))

    @cached_property
    def measure(self) -> Measure:
        """The measure that the trials, the epochs or, without them, the test event speak of."""
        scores = [(trial.metrics, trial.fitness) for trial in self.scored]
        measured = scores or [(metrics, None) for metrics in self.epochs]
        return measure_of(measured or [(self.last("test").get("metrics") or {}, None)])

    @cached_property
    def tested(self) -> Measure:
        """The measure that the test event speaks of: another one where the search went by a proxy."""
        metrics = self.last("test").get("metrics") or {}
        return self.measure if self.measure.test(metrics) is not None else measure_of([(metrics, None)])

    @cached_property
    def budgets(self) -> tuple[int, ...]:
        """The budgets, in epochs, that trials were evaluated with, rising; empty if none has one."""
        return tuple(sorted({trial.budget for trial in self.trials if trial.budget is not None}))

    @cached_property
    def comparable(self) -> tuple[Trial, ...]:
        """The scored trials of the largest budget that any has: values of different budgets are different measures."""
        most = max((trial.budget or 0 for trial in self.scored), default=0)
        return tuple(trial for trial in self.scored if (trial.budget or 0) == most)

    @cached_property
    def ranked(self) -> tuple[Trial, ...]:
        """The trials from the best to the worst, the failed ones last."""
        return tuple(sorted(self.trials, key=lambda trial: trial.rank, reverse=True))

    @cached_property
    def trained(self) -> bool:
        """False where scores were looked up or computed without a training."""
        return not self.scored or any("train_seconds" in trial.metrics for trial in self.scored)

    @cached_property
    def best(self) -> Trial | None:
        """The chosen trial: of those of the largest budget the one of the highest fitness, of equals the first.

        None if every trial failed.
        """
        return max(self.scored, key=lambda trial: trial.rank, default=None)

    def score(self, trial: Trial) -> float | None:
        """The trial's validation value; its fitness if the estimator reports no validation metric."""
        valid = self.measure.valid(trial.metrics)
        if valid is not None or trial.fitness is None:
            return valid
        return trial.fitness if self.measure.higher_is_better else -trial.fitness
