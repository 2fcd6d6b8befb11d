"""What the generations told so far have left for later trials."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import final

from nas_cli.estimators.contract import Donor, Hints
from nas_cli.estimators.filter import filter_bar
from nas_cli.estimators.layer_counts import same_layers
from nas_cli.runs.journal import Event
from nas_cli.search.economies import Economies
from nas_cli.search.model_store import ModelStore
from nas_cli.search.trials import compression, rank, scored_by, trained_network
from nas_cli.spaces.architecture import Architecture, from_json
from nas_cli.spaces.distance import architecture_distance
from nas_cli.strategies.contract import Proposal

Key = tuple[str, bool, int | None]


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
    It keeps only what the economies ask for.

    The mean ratio of the compressions so far is kept from one trial of each generation, the first that asks and is
    to be compressed and scored anew: an estimator that skips compressions at a bad ratio compresses this one, and so
    finds out whether that is still so.
    """

    def __init__(self, economies: Economies, models: ModelStore) -> None:
        self._economies = economies
        self._models = models
        self._bar: float | None = None
        self._ratios: list[float] = []
        self._ratio: float | None = None
        self._probe: int | None = None
        self._scored: dict[Key, Event] = {}
        self._made: dict[int, tuple[int, int]] = {}
        self._networks: dict[int, Architecture] = {}
        self._proxies: list[float] = []
        self._filter_bar: float | None = None
        self._heritage: dict[str, _Heritage] = {}

    def tell(self, proposals: Sequence[Proposal], events: Mapping[int, Event]) -> None:
        """Takes a whole generation: the trial event of each proposal."""
        self._probe = None
        told = [(proposal, events[proposal.trial]) for proposal in sorted(proposals, key=lambda p: p.trial)]
        scored = [(proposal, event) for proposal, event in told if event["fitness"] is not None]
        if scored:
            self._bar = median(event["fitness"] for _, event in scored)
        for proposal, event in scored:
            self._take(proposal, event)
        self._ratio = fmean(self._ratios) if self._ratios else None
        if self._economies.proxy is not None:
            known = (event["metrics"].get(self._economies.proxy) for _, event in told)
            self._proxies += [value for value in known if value is not None]
            self._filter_bar = filter_bar(self._proxies, self._economies.keep)

    def equal(self, proposal: Proposal) -> Event | None:
        """The event of the first trial that scored the same candidate the same way; None without `cache`."""
        return self._scored.get(_key(proposal)) if self._economies.cache else None

    def hints(self, proposal: Proposal) -> Hints:
        """What the told generations say about a proposal."""
        if self._probe is None and proposal.compress and self.equal(proposal) is None:
            self._probe = proposal.trial
        parent = self._donor(self._parent(proposal)) if self._economies.inherit else None
        continues = self._donor(proposal.continues)
        return Hints(
            compress=proposal.compress,
            bar=self._bar if self._economies.stop_early else None,
            ratio=None if proposal.trial == self._probe else self._ratio,
            donors=self._donors(proposal) if self._economies.reuse else (),
            epochs=proposal.budget,
            continues=continues,
            trained_epochs=0 if continues is None else self._made[proposal.continues or 0][1],
            parent=parent,
            morphisms=proposal.morphisms if parent is not None and proposal.parent in self._made else (),
            filter_bar=self._filter_bar,
        )

    def _donor(self, trial: int | None) -> Donor | None:
        """The whole network of an earlier trial; None if that one has failed."""
        if trial is None or trial not in self._made:
            return None
        source, _ = self._made[trial]
        return Donor(source, self._models.file(source), {})

    def _parent(self, proposal: Proposal) -> int | None:
        """The told trial to start from: the proposal's own parent, else the nearest network, of equals the first."""
        for named in (proposal.parent, *proposal.origin.get("parents", ())[:1]):
            if named in self._made:
                return int(named)
        ours = proposal.architecture
        if not isinstance(ours, Architecture) or not self._networks:
            return None
        return min(self._networks, key=lambda trial: (architecture_distance(ours, self._networks[trial]), trial))

    def _take(self, proposal: Proposal, event: Event) -> None:
        block = compression(event)
        if block is not None and "cached_from" not in event:
            self._ratios.append(block["ratio"])
        self._made[proposal.trial] = (scored_by(event), proposal.budget or 0)
        if self._economies.inherit and isinstance(proposal.architecture, Architecture) and "cached_from" not in event:
            self._networks[proposal.trial] = proposal.architecture
        if self._economies.cache:
            self._scored.setdefault(_key(proposal), event)
        if self._economies.reuse:
            self._inherit(_heritage(proposal, event))

    def _inherit(self, heritage: _Heritage) -> None:
        for part in heritage.layers:
            before = self._heritage.get(part)
            if before is None or rank(heritage.event) > rank(before.event):
                self._heritage[part] = heritage

    def _donors(self, proposal: Proposal) -> tuple[Donor, ...]:
        """For each part the best network that has it; of several places in it the one of the same rank, or the last."""
        chosen: dict[int, dict[str, str]] = {}
        for part, names in _by_part(proposal.parts).items():
            best = self._heritage.get(part)
            if best is not None:
                theirs = best.layers[part]
                pairs = {name: theirs[min(at, len(theirs) - 1)] for at, name in enumerate(names)}
                chosen.setdefault(best.source, {}).update(pairs)
        return tuple(Donor(trial, self._models.file(trial), layers) for trial, layers in sorted(chosen.items()))


def _key(proposal: Proposal) -> Key:
    return (proposal.architecture.digest(), proposal.compress, proposal.budget)


def _heritage(proposal: Proposal, event: Event) -> _Heritage:
    """The layers that a network offers; none where compression removed some, and its layers were renumbered."""
    architecture = proposal.architecture
    whole = isinstance(architecture, Architecture) and same_layers(architecture, from_json(trained_network(event)[0]))
    return _Heritage(event, scored_by(event), _by_part(proposal.parts) if whole else {})


def _by_part(parts: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for layer, part in parts.items():
        found.setdefault(part, []).append(layer)
    return found
