"""The search of a structure inside a supernet, as a journal has it: epochs, derived networks, random baseline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean
from typing import Any

from nas_cli.reports.cells import ALONE, CellGraph, cell_graphs
from nas_cli.reports.history import History
from nas_cli.reports.measure import Measure, finite, measure_of
from nas_cli.reports.trial import Event, Trial

Matrix = Sequence[Sequence[float]]

FOUND = ("derived", "top")
"""Kinds of trials that the search chose; 'random' ones are its baseline."""


@dataclass(frozen=True)
class StructureSearch:
    """One of the independent searches of a run.

    `epochs`: the structure events by number, of one repeated after a resume the last. `ended`: the event at the end,
    empty before it. `inherited`: (genotype, score in the supernet) in order of evaluation, of a one-shot search.
    """

    number: int
    epochs: Sequence[Event]
    ended: Event
    inherited: Sequence[tuple[Any, float]]

    @property
    def seconds(self) -> float:
        """The design time: that of the whole search, or of its epochs so far."""
        whole = finite(self.ended.get("seconds"))
        return whole if whole is not None else sum(finite(epoch.get("seconds")) or 0.0 for epoch in self.epochs)

    @property
    def stopped(self) -> str:
        """Why the search ended early; empty if it did not."""
        return str(self.ended.get("stopped") or "")

    @property
    def genotype(self) -> Any:
        """The derived network's, or the one that the last epoch pointed at; None for a search without either."""
        found = (event.get("genotype") for event in (self.ended, *reversed(self.epochs)))
        return next((genotype for genotype in found if genotype is not None), None)

    @property
    def gamma(self) -> Mapping[str, Matrix]:
        """The mixing weights of each kind (edges, operations) after the last epoch."""
        return (self.epochs[-1].get("gamma") if self.epochs else None) or {}

    def course(self, key: str, scale: float = 1.0) -> list[tuple[float, float]]:
        """(epoch, value times `scale`) for each epoch with a finite value."""
        values = ((float(epoch["epoch"]), finite(epoch.get(key))) for epoch in self.epochs)
        return [(at, value * scale) for at, value in values if value is not None]

    def sign_course(self, sign: str, kind: str) -> list[tuple[float, float]]:
        """(epoch, value) of 'skips', or the mean over the edges of 'entropy', for one kind of cell."""
        values = ((float(epoch["epoch"]), sign_value(epoch, sign, kind)) for epoch in self.epochs)
        return [(at, value) for at, value in values if value is not None]


@dataclass(frozen=True)
class Structure:
    """All searches of a run."""

    history: History

    @property
    def supernet(self) -> Event:
        """kinds, edges, operations, params, step_bytes, flops; empty where the journal has none."""
        return self.history.start.get("supernet") or {}

    @property
    def cost(self) -> Event:
        """epoch_seconds, ordinary_epoch_seconds and their ratio; empty before it was measured."""
        return self.history.last("supernet_cost")

    @property
    def edges(self) -> list[tuple[int, int]]:
        """(source, target) of each row of gamma."""
        return [(int(source), int(target)) for source, target in self.supernet.get("edges") or ()]

    @property
    def operations(self) -> list[str]:
        """The columns of gamma."""
        return [str(name) for name in self.supernet.get("operations") or ()]

    @cached_property
    def kinds(self) -> list[str]:
        """The kinds of cells that have mixing weights of their own."""
        named = self.supernet.get("kinds") or ()
        seen = (kind for search in self.searches for kind in search.gamma)
        return list(dict.fromkeys([*map(str, named), *seen]))

    @cached_property
    def searches(self) -> tuple[StructureSearch, ...]:
        """The searches by number; none for a run of another strategy."""
        epochs: dict[int, dict[int, Event]] = {}
        for event in self.history.of_kind("structure"):
            epochs.setdefault(int(event.get("search", 0)), {})[int(event["epoch"])] = event
        derived = {int(event.get("search", 0)): event for event in self.history.of_kind("derived")}
        scores = {int(event.get("search", 0)): event for event in self.history.of_kind("inherited")}
        return tuple(
            StructureSearch(
                number,
                [found[epoch] for found in (epochs.get(number, {}),) for epoch in sorted(found)],
                scores.get(number) or derived.get(number, {}),
                _scores(scores.get(number, {})),
            )
            for number in sorted({*epochs, *derived, *scores})
        )

    @cached_property
    def measure(self) -> Measure:
        """What the searches were guided by: accuracy or RMSE."""
        return measure_of([(epoch, None) for search in self.searches for epoch in search.epochs])

    def trials(self, *kinds: str) -> list[Trial]:
        """The trials whose origin is of one of these kinds: derived, top or random."""
        return [trial for trial in self.history.trials if origin(trial).get("kind") in kinds]

    def values(self, *kinds: str) -> list[float]:
        """The validation values of these trials; failed ones have none."""
        values = (self.history.score(trial) for trial in self.trials(*kinds))
        return [value for value in values if value is not None]

    def graphs(self, search: StructureSearch) -> list[CellGraph]:
        """The cells that a search derived, to be drawn; none where the genotype is of no known form."""
        return cell_graphs(search.genotype, self.edges, self.kinds[0] if self.kinds else ALONE[0])


def origin(trial: Trial) -> Event:
    """Where a trial comes from: its genotype, its kind, its search."""
    return trial.event.get("origin") or {}


def sign_value(epoch: Event, sign: str, kind: str) -> float | None:
    """A sign of one kind of cell after an epoch; of values for each edge their mean. None if it was not noted."""
    value = ((epoch.get("signs") or {}).get(sign) or {}).get(kind)
    if isinstance(value, Sequence) and not isinstance(value, str):
        numbers = [number for number in map(finite, value) if number is not None]
        return fmean(numbers) if numbers else None
    return finite(value)


def _scores(event: Event) -> list[tuple[Any, float]]:
    pairs = ((genotype, finite(score)) for genotype, score in event.get("scores") or ())
    return [(genotype, score) for genotype, score in pairs if score is not None]
