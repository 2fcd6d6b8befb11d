"""From a genotype to a proposal within the limits: what every strategy does before it proposes."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, final

from nas_cli.spaces.candidate import Candidate
from nas_cli.spaces.contract import Space
from nas_cli.strategies.contract import Admissible, Proposal
from nas_cli.strategies.exchange import no_network

G = TypeVar("G")


@final
class Admission(Generic[G]):
    """Draws genotypes until one respects the limits, at most `attempts` times from each source; `population` proposals
    are a generation.
    """

    def __init__(self, space: Space[G], admissible: Admissible, attempts: int, population: int) -> None:
        self._space = space
        self._admissible = admissible
        self._attempts = attempts
        self._population = population

    def candidate(self, genotype: G) -> Candidate | None:
        """The candidate of a genotype, or None if it exceeds the limits."""
        candidate = self._space.architecture(genotype)
        return candidate if self._admissible(candidate) else None

    def draw(self, trial: int, *sources: Callable[[], G]) -> tuple[G, Candidate]:
        """The first genotype within the limits, and its candidate; a later source is used where those before it fail.

        Raises:
            ConfigError: if no source gives one.
        """
        for source in sources:
            for _ in range(self._attempts):
                genotype = source()
                candidate = self.candidate(genotype)
                if candidate is not None:
                    return genotype, candidate
        raise no_network(self._attempts * len(sources), trial)

    def proposal(self, trial: int, genotype: G, candidate: Candidate, parents: Sequence[int] | None = None) -> Proposal:
        """The proposal of a genotype; `parents` are the trials that it descends from, None where it has no ancestry."""
        origin: dict[str, Any] = {"genotype": self._space.encode(genotype)}
        if parents is not None:
            origin["parents"] = list(parents)
        return Proposal(trial, trial // self._population, candidate, origin)
