"""What the generations told so far have left for later trials."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import final

from nas_cli.estimators.contract import Donor, Hints
from nas_cli.estimators.layer_counts import same_layers
from nas_cli.runs.journal import Event
from nas_cli.search.economies import Economies
from nas_cli.search.model_store import ModelStore
from nas_cli.search.trials import compression, rank, scored_by, trained_network
from nas_cli.spaces.architecture import from_json
from nas_cli.strategies.contract import Proposal


@dataclass(frozen=True)
class _Heritage:
    """A trained network that later ones may start from: the layers of each part by name, in order."""

    event: Event
    source: int
    layers: Mapping[str, Sequence[str]]


@final
class Past:
    """Hints for new trials, and scores to take over, from the generations told so far.

    A pure function of what was told and of the order in which a generation's proposals ask for their hints, which is
    theirs: it does not depend on the order in which trials finish, on the number of workers, or on kills in between.

    The mean ratio of the compressions so far is kept from one trial of each generation, the first that asks and is
    to be compressed and scored anew: an estimator that skips compressions at a bad ratio compresses this one, and so
    finds out whether that is still so.
    """

    def __init__(self, economies: Economies, models: ModelStore) -> None:
        self._economies = economies
        self._models = models
        self._bar: float | None = None
        self._ratios: list[float] = []
        self._probe: int | None = None
        self._scored: dict[tuple[str, bool], Event] = {}
        self._heritage: list[_Heritage] = []

    def tell(self, proposals: Sequence[Proposal], events: Mapping[int, Event]) -> None:
        """Takes a whole generation: the trial event of each proposal."""
        self._probe = None
        told = [(proposal, events[proposal.trial]) for proposal in sorted(proposals, key=lambda p: p.trial)]
        scored = [(proposal, event) for proposal, event in told if event["fitness"] is not None]
        if scored:
            self._bar = median(event["fitness"] for _, event in scored)
        for proposal, event in scored:
            block = compression(event)
            if block is not None and "cached_from" not in event:
                self._ratios.append(block["ratio"])
            self._scored.setdefault((proposal.architecture.digest(), proposal.compress), event)
            self._heritage.append(_heritage(proposal, event))
        self._heritage.sort(key=lambda heritage: rank(heritage.event), reverse=True)

    def equal(self, proposal: Proposal) -> Event | None:
        """The event of the first trial that scored the same network the same way; None without `cache`."""
        if not self._economies.cache:
            return None
        return self._scored.get((proposal.architecture.digest(), proposal.compress))

    def hints(self, proposal: Proposal) -> Hints:
        """What the told generations say about a proposal."""
        if self._probe is None and proposal.compress and self.equal(proposal) is None:
            self._probe = proposal.trial
        known = self._ratios if proposal.trial != self._probe else []
        return Hints(
            compress=proposal.compress,
            bar=self._bar if self._economies.stop_early else None,
            ratio=fmean(known) if known else None,
            donors=self._donors(proposal) if self._economies.reuse else (),
        )

    def _donors(self, proposal: Proposal) -> tuple[Donor, ...]:
        """For each part the best network that has it; of several places in it the one of the same rank, or the last."""
        chosen: dict[int, dict[str, str]] = {}
        for part, names in _by_part(proposal.parts).items():
            best = next((heritage for heritage in self._heritage if part in heritage.layers), None)
            if best is not None:
                theirs = best.layers[part]
                pairs = {name: theirs[min(at, len(theirs) - 1)] for at, name in enumerate(names)}
                chosen.setdefault(best.source, {}).update(pairs)
        return tuple(Donor(trial, self._models.file(trial), layers) for trial, layers in sorted(chosen.items()))


def _heritage(proposal: Proposal, event: Event) -> _Heritage:
    """The layers that a network offers; none where compression removed some, and its layers were renumbered."""
    trained, _ = trained_network(event)
    parts = _by_part(proposal.parts) if same_layers(proposal.architecture, from_json(trained)) else {}
    return _Heritage(event, scored_by(event), parts)


def _by_part(parts: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for layer, part in parts.items():
        found.setdefault(part, []).append(layer)
    return found
