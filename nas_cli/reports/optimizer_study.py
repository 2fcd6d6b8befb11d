"""A comparison of optimizers, from the journal of one run or of several: trainings, curves, rows with intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean
from typing import Any

from nas_cli.reports.intervals import Interval, mean_interval

Event = Mapping[str, Any]

PROTOCOLS = ("shared", "tuned")
CONVERGED = 0.99
"""A curve has converged in the first epoch with this share of its highest test accuracy."""

MEASURES = ("test_accuracy", "test_loss", "train_accuracy", "train_loss")

TITLES = {
    "sgd": "SGD",
    "momentum": "SGD with momentum",
    "nesterov": "SGD with Nesterov's momentum",
    "rmsprop": "RMSProp",
    "adam": "Adam",
    "adagrad": "Adagrad",
    "nadam": "Nadam",
    "adadelta": "Adadelta",
    "adamw": "AdamW",
    "lion": "Lion",
    "muon": "Muon (approximate second order)",
}
"""The optimizers' names in figures and tables."""

INTERVAL_NOTE = "Intervals are 95 % t intervals over seeds; of two seeds their range; of one there is none."
CURVE_NOTE = (
    "Test values are evaluations of the whole test split after every epoch, of trainings that run to their last epoch "
    "whatever they show: nothing is chosen by them. Training values are means over the epoch, dropout on, while the "
    "weights change."
)


@dataclass(frozen=True)
class RowKey:
    """What the trainings of a row share; they differ in their seeds."""

    protocol: str
    optimizer: str
    batch_size: int
    initializer: str


@dataclass(frozen=True)
class Study:
    """The events of one or several runs on the same network and data."""

    events: Sequence[Event]

    @cached_property
    def start(self) -> Event:
        """The first start event: `study` in it says what was asked."""
        return next((event for event in self.events if event["event"] == "start"), {})

    @property
    def asked(self) -> Mapping[str, Any]:
        """The settings of the first run."""
        found: Mapping[str, Any] = self.start.get("study") or {}
        return found

    @cached_property
    def trained(self) -> Mapping[RowKey, Mapping[int, Event]]:
        """The compared trainings that have ended: by row, by seed."""
        found: dict[RowKey, dict[int, Event]] = {}
        for event in self.events:
            if event["event"] == "trained" and event["protocol"] in PROTOCOLS:
                found.setdefault(_key(event), {})[event["seed"]] = event
        return found

    @cached_property
    def chosen(self) -> Mapping[str, Event]:
        """By optimizer: what tuning its rate came to."""
        return {event["optimizer"]: event for event in self.events if event["event"] == "chosen"}

    @cached_property
    def tune_epochs(self) -> int:
        """For how many epochs rates were tried; 0 if none was."""
        return max(
            (e["epochs"] for e in self.events if e["event"] == "trained" and e["protocol"] == "tuning"), default=0
        )

    @cached_property
    def epochs(self) -> Mapping[str, Sequence[Event]]:
        """By training: its epochs in order; a line lost in a kill comes again behind later ones."""
        found: dict[str, dict[int, Event]] = {}
        for event in self.events:
            if event["event"] == "epoch":
                found.setdefault(event["training"], {})[int(event["epoch"])] = event
        return {name: [epochs[number] for number in sorted(epochs)] for name, epochs in found.items()}

    def protocols(self) -> list[str]:
        """The protocols that have rows, shared first."""
        return [name for name in PROTOCOLS if any(key.protocol == name for key in self.trained)]

    def main_rows(self, protocol: str) -> dict[str, RowKey]:
        """By optimizer: its row with the usual batch size and initializer."""
        usual = (self.asked.get("batch_size"), self.asked.get("initializer"))
        return {
            key.optimizer: key
            for key in self.trained
            if key.protocol == protocol and (key.batch_size, key.initializer) == usual
        }

    def finals(self, key: RowKey, measure: str) -> dict[int, float]:
        """By seed: a value after the last epoch, of the trainings that did not diverge."""
        return {seed: event["final"][measure] for seed, event in self.trained[key].items() if event["final"]}

    def diverged(self, key: RowKey) -> int:
        """How many trainings of a row did."""
        return sum(not event["final"] for event in self.trained[key].values())

    def curves(self, key: RowKey, measure: str) -> dict[int, list[float]]:
        """By seed: the values after each epoch."""
        return {
            seed: [epoch[measure] for epoch in self.epochs.get(event["training"], [])]
            for seed, event in self.trained[key].items()
        }

    def mean_curve(self, key: RowKey, measure: str) -> list[Interval]:
        """Mean and interval over seeds after each epoch that every seed reached."""
        curves = [curve for curve in self.curves(key, measure).values() if curve]
        return [mean_interval(values) for values in zip(*curves, strict=False)]

    def converged(self, key: RowKey) -> int | None:
        """The first epoch in which the mean test accuracy reaches CONVERGED of its highest; None without a curve."""
        means = [point.mean for point in self.mean_curve(key, "test_accuracy")]
        return next((i for i, value in enumerate(means, start=1) if value >= CONVERGED * max(means)), None)

    def rows(self) -> list[dict[str, Any]]:
        """A row per protocol, optimizer, batch size and initializer, in the order of the journal.

        Accuracies are shares; <measure>, _low and _high: mean and interval over seeds; None where all diverged.
        """
        return [self._row(key) for key in sorted(self.trained, key=lambda key: PROTOCOLS.index(key.protocol))]

    def _row(self, key: RowKey) -> dict[str, Any]:
        events = list(self.trained[key].values())
        row: dict[str, Any] = {
            **vars(key),
            "rate": events[0]["rate"],
            "rate_at_edge": key.protocol == "tuned" and bool(self.chosen.get(key.optimizer, {}).get("at_edge")),
            "seeds": len(events),
            "diverged": self.diverged(key),
            "epochs": events[0]["epochs"],
        }
        for measure in MEASURES:
            row |= _spread(measure, list(self.finals(key, measure).values()))
        row["converged_epoch"] = self.converged(key)
        timed = [event["epoch_seconds"] for event in events if event["epoch_seconds"] is not None]
        return row | _spread("epoch_seconds", timed)


def _key(event: Event) -> RowKey:
    return RowKey(event["protocol"], event["optimizer"], event["batch_size"], event["initializer"])


def _spread(name: str, values: Sequence[float]) -> dict[str, Any]:
    if not values:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    found = mean_interval(values)
    return {name: found.mean, f"{name}_low": found.low, f"{name}_high": found.high}


def paired(first: Mapping[int, float], second: Mapping[int, float]) -> Interval | None:
    """The first less the second, seed by seed, with its interval; None without a seed that both have."""
    seeds = sorted(set(first) & set(second))
    return mean_interval([first[seed] - second[seed] for seed in seeds]) if seeds else None


def mean_of(values: Mapping[int, float]) -> float | None:
    """The mean over seeds; None without any."""
    return fmean(values.values()) if values else None
