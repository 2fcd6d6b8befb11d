"""Hill climbing with function-preserving changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from nas_cli.errors import ConfigError
from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.contract import Space
from nas_cli.spaces.morphism import Morphism
from nas_cli.strategies.contract import Admissible, Outcome, Proposal
from nas_cli.strategies.exchange import check_told, finite, no_network
from nas_cli.strategies.network_morphism.change import changed
from nas_cli.strategies.network_morphism.settings import NetworkMorphismSettings
from nas_cli.strategies.network_morphism.surrogate import promising

REMEMBERED = 100
"""Latest scored networks that the Gaussian process sees; its cost grows with their cube."""


@dataclass(frozen=True)
class Place:
    """A network, and the way to it: a genotype of the space, and the changes since; `morphisms` from its parent."""

    architecture: Architecture
    start: Any
    path: tuple[Morphism, ...] = ()
    parent: int | None = None
    morphisms: tuple[Morphism, ...] = ()


@final
class NetworkMorphism:
    """From the best network so far to larger ones (NASH, Elsken et al. 2017, arXiv:1711.04528, Algorithm 1).

    A first generation of random networks; then every generation consists of children of the best network of all before,
    each some random changes away: a wider layer, a further layer, a skip connection. Every change keeps the network's
    function, so that an estimator that inherits weights (`Proposal.parent`, `Proposal.morphisms`) goes on from the
    parent's training; with another one only architectures climb. Children can be chosen among more by a Gaussian
    process (`surrogate.promising`), as network morphism with Bayesian optimisation has it.

    Networks only grow: where no child of the best is within the limits and new, the next best one's are taken.
    Deviations: NASH begins with one small network, and its parent competes on after further training of its own; here a
    network is scored once.
    """

    def __init__(self, settings: NetworkMorphismSettings, space: Space[Any], seed: int, admissible: Admissible) -> None:
        if not isinstance(space.architecture(space.sample(np.random.default_rng(seed))), Architecture):
            raise ConfigError(
                "strategy network_morphism changes networks, and the candidates of this space are none: use --space "
                "chain, cell, thesis_small or thesis_large with an estimator that trains."
            )
        self._settings = settings
        self._space = space
        self._seed = seed
        self._admissible = admissible
        self._places: list[Place] = []
        self._fitness: list[float | None] = []
        self._batch: list[Place] | None = None

    def ask(self, wanted: int | None = None) -> Sequence[Proposal]:
        first = len(self._places)
        return [self._proposal(first + at, place) for at, place in enumerate(self._next())]

    def tell(self, outcomes: Sequence[Outcome]) -> None:
        first, batch = len(self._places), self._next()
        check_told(outcomes, range(first, first + len(batch)))
        self._places += batch
        self._fitness += [finite(outcome.fitness) for outcome in outcomes]
        self._batch = None

    def describe(self) -> Mapping[str, Any]:
        """Trials told, the best one, its fitness, and how many changes of each kind led to it."""
        order = self._by_fitness()
        best = order[0] if order else None
        path = () if best is None else self._places[best].path
        kinds = {kind: sum(morphism.kind == kind for morphism in path) for kind in ("widen", "deepen", "skip")}
        fitness = None if best is None else self._fitness[best]
        return {"trials": len(self._places), "best": best, "best_fitness": fitness, "changes": kinds}

    def _next(self) -> list[Place]:
        if self._batch is None:
            done = len(self._places) >= self._settings.generations * self._settings.population
            self._batch = [] if done else self._children() if self._by_fitness() else self._starts()
        return self._batch

    def _starts(self) -> list[Place]:
        first = len(self._places)
        return [self._start(trial) for trial in range(first, first + self._settings.population)]

    def _start(self, trial: int) -> Place:
        rng = np.random.default_rng((self._seed, trial))
        for _ in range(self._settings.attempts):
            genotype = self._space.sample(rng)
            architecture = self._space.architecture(genotype)
            if isinstance(architecture, Architecture) and self._admissible(architecture):
                return Place(architecture, self._space.encode(genotype))
        raise no_network(self._settings.attempts, trial)

    def _children(self) -> list[Place]:
        settings, first = self._settings, len(self._places)
        bayesian = settings.choice == "bayesian"
        drawn: list[Place] = []
        seen = {place.architecture for place in self._places}
        for at in range(settings.neighbours if bayesian else settings.population):
            rng = np.random.default_rng((self._seed, first, at))
            child = self._child(rng, seen)
            if child is not None:
                drawn.append(child)
                seen.add(child.architecture)
        if len(drawn) < settings.population:
            raise no_network(settings.attempts, first + len(drawn))
        return self._chosen(drawn) if bayesian else drawn

    def _child(self, rng: np.random.Generator, seen: set[Architecture]) -> Place | None:
        """A new network within the limits, from the best parent that has one."""
        for trial in self._by_fitness():
            parent = self._places[trial]
            for _ in range(self._settings.attempts):
                found = changed(parent.architecture, self._settings.changes, self._settings.widen, rng)
                if found is None:
                    break
                architecture, made = found
                if architecture not in seen and self._admissible(architecture):
                    return Place(architecture, parent.start, (*parent.path, *made), trial, made)
        return None

    def _chosen(self, drawn: Sequence[Place]) -> list[Place]:
        known = sorted(self._by_fitness())[-REMEMBERED:]
        positions = promising(
            [place.architecture for place in drawn],
            [self._places[trial].architecture for trial in known],
            [self._fitness[trial] or 0.0 for trial in known],
            self._settings.population,
            self._settings.kappa,
        )
        return [drawn[position] for position in positions]

    def _by_fitness(self) -> list[int]:
        """The scored trials, best first, of equals the earliest."""
        scored = [(-fitness, trial) for trial, fitness in enumerate(self._fitness) if fitness is not None]
        return [trial for _, trial in sorted(scored)]

    def _proposal(self, trial: int, place: Place) -> Proposal:
        path = [[change.kind, change.node, change.width, change.source] for change in place.path]
        origin: dict[str, Any] = {"genotype": {"start": place.start, "morphisms": path}}
        if place.parent is not None:
            origin["parents"] = [place.parent]
        return Proposal(
            trial,
            trial // self._settings.population,
            place.architecture,
            origin,
            parent=place.parent,
            morphisms=place.morphisms,
        )
