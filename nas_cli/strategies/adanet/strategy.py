"""AdaNet: adaptive structural learning of ensembles."""

from collections.abc import Container, Mapping, Sequence
from typing import Any, NamedTuple, final

import numpy as np

from nas_cli.errors import ConfigError
from nas_cli.spaces.contract import Space
from nas_cli.spaces.ensemble import Ensemble, EnsembleSpace, Subnetwork
from nas_cli.strategies.adanet.objective import objective
from nas_cli.strategies.adanet.settings import AdaNetSettings
from nas_cli.strategies.contract import Admissible, Outcome, Proposal
from nas_cli.strategies.exchange import best_fitness, check_told, no_network


class Grown(NamedTuple):
    """An ensemble: the trial that trained it, its objective, and for each subnetwork the trial that first had it."""

    trial: int
    genotype: Ensemble
    objective: float
    born: tuple[int, ...]


@final
class AdaNet:
    """Grows an ensemble (Cortes et al. 2017, arXiv:1607.01097): each round proposes the ensemble with one subnetwork
    more, as deep as its deepest or one layer deeper, of a width of the space; the one with the lowest objective is the
    next ensemble. The search ends when no candidate lowers it.

    Deviations. A subnetwork reads the input alone, not the layers of earlier ones, as in the authors' implementation.
    Every candidate is a whole network that is trained: earlier subnetworks go on learning beside the new one, where
    the paper leaves them as they are. They start from their trained weights with `estimator.reuse=true` (`parts`) or
    an estimator that inherits (`parent`), from new ones otherwise. The mixture weights are those of the output layer,
    learned together with everything else.
    """

    def __init__(self, settings: AdaNetSettings, space: Space[Any], seed: int, admissible: Admissible) -> None:
        if not isinstance(space, EnsembleSpace):
            raise ConfigError(
                f"strategy adanet grows ensembles, space '{_name(space)}' has none: use --space ensemble with an "
                "estimator that trains."
            )
        self._settings = settings
        self._space = space
        self._seed = seed
        self._admissible = admissible
        self._round = 0
        self._told = 0
        self._over = False
        self._ensemble: Grown | None = None
        self._best: float | None = None
        self._batch: list[tuple[Ensemble, Proposal]] | None = None

    def ask(self, wanted: int | None = None) -> Sequence[Proposal]:
        return [proposal for _, proposal in self._candidates()]

    def tell(self, outcomes: Sequence[Outcome]) -> None:
        batch = self._candidates()
        check_told(outcomes, [proposal.trial for _, proposal in batch])
        if not batch:
            return
        scored = []
        for (genotype, proposal), outcome in zip(batch, outcomes, strict=True):
            value = objective(outcome, genotype, self._settings.complexity, self._settings.penalty)
            if value is not None:
                scored.append(Grown(proposal.trial, genotype, value, self._born(proposal.trial)))
        if scored:
            self._grow(min(scored, key=lambda grown: (grown.objective, grown.trial)))
        self._best = best_fitness([self._best, *(outcome.fitness for outcome in outcomes)])
        self._told += len(batch)
        self._round += 1
        self._batch = None

    def describe(self) -> Mapping[str, Any]:
        """The ensemble so far as [[depth, width], …], and its objective."""
        grown = self._ensemble
        return {
            "trials": self._told,
            "best_fitness": self._best,
            "ensemble": None if grown is None else self._space.encode(grown.genotype),
            "ensemble_trial": None if grown is None else grown.trial,
            "objective": None if grown is None else grown.objective,
        }

    def _grow(self, best: Grown) -> None:
        if self._ensemble is not None and best.objective >= self._ensemble.objective and not self._settings.force_grow:
            self._over = True
        else:
            self._ensemble = best

    def _candidates(self) -> list[tuple[Ensemble, Proposal]]:
        """The batch of this round; empty when the search is over, or no subnetwork more respects the limits."""
        if self._batch is None:
            self._batch = [] if self._over or self._round == self._settings.generations else self._propose()
        return self._batch

    def _propose(self) -> list[tuple[Ensemble, Proposal]]:
        if self._ensemble is not None and len(self._ensemble.genotype) == self._space.settings.max_subnetworks:
            return []
        order = np.random.default_rng((self._seed, self._round)).permutation(self._space.settings.widths).tolist()
        found: list[tuple[Ensemble, Proposal]] = []
        for at in range(self._settings.population):
            genotype = self._candidate(at, order, {genotype for genotype, _ in found})
            if genotype is not None:
                trial = self._told + len(found)
                found.append((genotype, self._proposal(trial, genotype)))
        if not found and self._ensemble is None:
            raise no_network(self._settings.attempts, self._told)
        return found

    def _candidate(self, at: int, widths: Sequence[int], known: Container[Ensemble]) -> Ensemble | None:
        """The ensemble with the `at`-th new subnetwork of the round, or the next one that is not `known` and respects
        the limits."""
        before: Ensemble = () if self._ensemble is None else self._ensemble.genotype
        equal = max((subnetwork.depth for subnetwork in before), default=1)
        for attempt in range(min(self._settings.attempts, 2 * len(widths))):
            deeper = (at + attempt // len(widths)) % 2
            width = widths[(at // 2 + attempt) % len(widths)]
            depth = min(equal + deeper, self._space.settings.max_depth)
            genotype = (*before, Subnetwork(depth, width))
            if genotype not in known and self._admissible(self._space.architecture(genotype)):
                return genotype
        return None

    def _proposal(self, trial: int, genotype: Ensemble) -> Proposal:
        layers = self._space.layers(genotype)
        born = self._born(trial)
        grown = self._ensemble
        return Proposal(
            trial,
            self._round,
            self._space.architecture(genotype),
            {"genotype": self._space.encode(genotype), "parents": [] if grown is None else [grown.trial]},
            parts={name: f"subnetwork-{first}" for names, first in zip(layers, born, strict=True) for name in names},
            parent=None if grown is None else grown.trial,
        )

    def _born(self, trial: int) -> tuple[int, ...]:
        return (trial,) if self._ensemble is None else (*self._ensemble.born, trial)


def _name(space: Any) -> str:
    """What the space is called in the configuration."""
    return str(getattr(getattr(space, "settings", space), "name", type(space).__name__))
