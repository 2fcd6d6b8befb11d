"""The networks that a supernet search trains on their own: those it has found, and random ones beside them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from nas_cli.oneshot.settings import SupernetSettings
from nas_cli.spaces.decision_space import Values
from nas_cli.strategies.admission import Admission
from nas_cli.strategies.contract import Admissible, Outcome, Proposal
from nas_cli.strategies.exchange import check_told

DERIVED, TOP, RANDOM = "derived", "top", "random"


@dataclass(frozen=True)
class Found:
    """A network to train. `kind`: derived from a mixture, top of those scored in a supernet, or random. `search`: which
    one found it, from 0. `score`: what it had with the supernet's weights."""

    values: Values
    kind: str
    search: int | None = None
    score: float | None = None


def random_networks(
    space: Any, admissible: Admissible, settings: SupernetSettings, seed: int, count: int
) -> list[Values]:
    """`count` random genotypes within the limits, functions of (seed, number).

    Raises:
        ConfigError: none is within the limits.
    """
    admission: Admission[Values] = Admission(space, admissible, settings.attempts, settings.population)
    rngs = [np.random.default_rng((seed, 7, number)) for number in range(count)]
    return [admission.draw(number, lambda rng=rng: space.sample(rng))[0] for number, rng in enumerate(rngs)]  # type: ignore[misc]


@final
class FoundNetworks:
    """A `Strategy` whose one batch is what a supernet search has found. A network beyond the limits is trained too: it
    is the search's result; `origin` says so."""

    def __init__(self, space: Any, admissible: Admissible, found: Callable[[], Sequence[Found]]) -> None:
        """`found`: the networks, known when `ask` is called first."""
        self._space, self._admissible, self._found = space, admissible, found
        self._done = False

    def ask(self, wanted: int | None = None) -> Sequence[Proposal]:
        return [] if self._done else [self._proposal(trial, one) for trial, one in enumerate(self._found())]

    def tell(self, outcomes: Sequence[Outcome]) -> None:
        check_told(outcomes, range(len(self._found())))
        self._done = True

    def describe(self) -> Mapping[str, Any]:
        kinds = [one.kind for one in self._found()]
        return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}

    def _proposal(self, trial: int, one: Found) -> Proposal:
        candidate = self._space.architecture(one.values)
        origin: dict[str, Any] = {"genotype": self._space.encode(one.values), "kind": one.kind}
        origin |= {} if one.search is None else {"search": one.search}
        origin |= {} if one.score is None else {"one_shot_score": one.score}
        origin |= {} if self._admissible(candidate) else {"over_limits": True}
        return Proposal(trial, 0, candidate, origin)
