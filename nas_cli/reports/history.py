"""The events of a journal, put in order: what happened in a run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nas_cli.reports.measure import Measure, finite, measure_of

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Trial:
    """One trial event; numbers that the journal lacks are None."""

    event: Event

    @property
    def id(self) -> int:
        """The trial's number in the run, from 0."""
        return int(self.event["id"])

    @property
    def generation(self) -> int:
        """The batch that the trial was proposed in, from 0."""
        return int(self.event.get("generation") or 0)

    @property
    def fitness(self) -> float | None:
        """Higher is better; None for a failed trial."""
        return finite(self.event.get("fitness")) if self.event.get("status") == "ok" else None

    @property
    def reason(self) -> str:
        """Why the trial failed, on one line; empty if it did not."""
        return " ".join(str(self.event.get("reason") or "").split())

    @property
    def metrics(self) -> Mapping[str, Any]:
        """valid_accuracy, train_seconds, …; empty if nothing was measured."""
        return self.event.get("metrics") or {}

    @property
    def cost(self) -> Mapping[str, Any]:
        """params, macs, flops, activation_bytes of the network that was trained: compressed, where it was."""
        return self._trained.get("cost") or {}

    @property
    def architecture(self) -> Mapping[str, Any]:
        """The network that was trained, as JSON; empty if the journal has none."""
        return self._trained.get("architecture") or {}

    @property
    def full_flops(self) -> float | None:
        """FLOPs of the network before its compression."""
        return finite((self.event.get("cost") or {}).get("flops"))

    @property
    def _trained(self) -> Mapping[str, Any]:
        return self.event.get("trained") or self.event

    @property
    def curve(self) -> Sequence[Mapping[str, Any]]:
        """One mapping of metrics per epoch."""
        return self.event.get("curve") or ()

    @property
    def flops(self) -> float | None:
        """Floating-point operations of one forward pass of one example."""
        return finite(self.cost.get("flops"))


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
        """The measure that the trials, the epochs or the test event speak of."""
        test = self.last("test").get("metrics") or {}
        return measure_of([test, *(trial.metrics for trial in self.trials), *self.epochs])

    @cached_property
    def best(self) -> Trial | None:
        """The chosen trial: the highest fitness, of equals the first; None if every trial failed."""
        return max(self.scored, key=lambda trial: (trial.fitness, -trial.id), default=None)

    def score(self, trial: Trial) -> float | None:
        """The trial's validation value; its fitness if the estimator reports no validation metric."""
        valid = self.measure.valid(trial.metrics)
        if valid is not None or trial.fitness is None:
            return valid
        return trial.fitness if self.measure.higher_is_better else -trial.fitness
