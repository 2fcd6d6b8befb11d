"""What every search strategy offers: ask for a batch of proposals, tell their outcomes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from nas_cli.spaces.candidate import Candidate
from nas_cli.spaces.morphism import Morphism

Admissible = Callable[[Candidate], bool]
"""True if a candidate respects the limits on FLOPs, parameters and memory."""


@dataclass(frozen=True)
class Proposal:
    """A candidate to evaluate: `architecture`, a network or a point of the space.

    `trial` counts from 0 without gaps over the run; `generation` groups a batch;
    `origin` is JSON (genotype, parents, species) for the journal and the reports. `compress`: False asks an estimator
    that compresses networks to leave this one as it is. `parts`: the heritable part that each layer belongs to, by the
    layer's name ('conv2d_3'); networks that share a part can share its weights. `budget`: epochs that the evaluation
    may spend in all, None the estimator's own. `continues`: an earlier trial of the same candidate with a smaller
    budget, whose training is taken up. `parent`: an earlier trial whose network is the nearest, and `morphisms`, the
    function-preserving changes that lead from it to this one; both may be ignored by an estimator.
    """

    trial: int
    generation: int
    architecture: Candidate
    origin: Mapping[str, Any] = field(default_factory=dict)
    compress: bool = True
    parts: Mapping[str, str] = field(default_factory=dict)
    budget: int | None = None
    continues: int | None = None
    parent: int | None = None
    morphisms: tuple[Morphism, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What became of a proposal: `fitness` is higher-is-better, or None for a failed trial. `metrics` holds what was
    measured (but no times) and the costs of the candidate: flops, params, valid_accuracy, …

    For a compressed network, by the names of the proposal's layers ('conv2d_3'): `alive`, channels that the
    compression found alive; `sizes`, channels of the network that was scored (rounded, at least the minimum);
    `layer_flops`, FLOPs of its layers. None for any other.
    """

    trial: int
    fitness: float | None
    metrics: Mapping[str, float] = field(default_factory=dict)
    alive: Mapping[str, int] | None = None
    sizes: Mapping[str, int] | None = None
    layer_flops: Mapping[str, int] | None = None


class Strategy(Protocol):
    """A search algorithm; a pure function of (settings, seed, outcomes told so far).

    The loop calls `ask` and `tell` in turn. All proposals of one `ask` are evaluated, in any order and by any
    number of workers, and then told together in order of their trial number: so the result of a search does not
    depend on the number of workers, and replaying the journal resumes it.
    """

    def ask(self, wanted: int | None = None) -> Sequence[Proposal]:
        """The next batch; empty when the search is over.

        `wanted`: how many proposals a scheduler would like; a strategy whose batches have a fixed size ignores it.
        """
        ...

    def tell(self, outcomes: Sequence[Outcome]) -> None:
        """Take the outcomes of the last batch, in order of trial number."""
        ...

    def describe(self) -> Mapping[str, Any]:
        """The state as JSON for the journal's generation event, e.g. {"species": {"module": {"3": 5}}}."""
        ...


@runtime_checkable
class Examining(Protocol):
    """A strategy that can tell of a single outcome that it will be of no use, before the batch is over."""

    def examine(self, outcome: Outcome) -> None:
        """Passes if `tell` will accept the outcome.

        Raises:
            RunError: it lacks what the strategy goes by.
        """
        ...
