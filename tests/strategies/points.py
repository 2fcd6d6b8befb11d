"""Small spaces of decisions, and searches of them, for the tests of strategies."""

from collections.abc import Callable
from typing import Any

from nas_cli.schema import validate
from nas_cli.spaces.candidate import Candidate, Point
from nas_cli.spaces.decision import Categorical, Decision, Numeric
from nas_cli.spaces.decision_space import DecisionSpace
from nas_cli.strategies.contract import Outcome, Proposal, Strategy
from tests.spaces.configured import values


def mixed() -> DecisionSpace:
    """Every kind of decision, one of them conditional."""
    return DecisionSpace(
        [
            Decision("optimizer", Categorical(("sgd", "adam"))),
            Decision("momentum", Numeric(0.0, 0.9), when=("optimizer", ("sgd",))),
            Decision("learning_rate", Numeric(1e-4, 1.0, distribution="log_uniform")),
            Decision("units", Numeric(8, 64, whole=True)),
            Decision("depth", Categorical((1, 2, 3, 4), ordered=True)),
        ]
    )


def letters(count: int = 4, choices: str = "abcd") -> DecisionSpace:
    """`count` unordered choices of the same letters."""
    return DecisionSpace([Decision(f"place {i}", Categorical(tuple(choices))) for i in range(count)])


def line(**domain: Any) -> DecisionSpace:
    """One number, by default in [0, 1]."""
    return DecisionSpace([Decision("x", Numeric(**{"low": 0.0, "high": 1.0, **domain}))])


def point(proposal: Proposal) -> tuple[Any, ...]:
    """The values of a proposed point."""
    candidate = proposal.architecture
    assert isinstance(candidate, Point)
    return tuple(value for _, value in candidate.values)


def settings(cls: type[Any], name: str, **changes: Any) -> Any:
    """The settings of conf/strategy/<name>.yaml, some of them changed."""
    return validate(cls, {**values("strategy", name), **changes})


def searched(strategy: Strategy, fitness: Callable[..., float | None]) -> tuple[list[tuple[Any, ...]], list[Proposal]]:
    """The points proposed by a search for a high `fitness`, which is given the values, and the proposals."""
    proposals: list[Proposal] = []
    while batch := strategy.ask():
        strategy.tell([Outcome(p.trial, fitness(*point(p))) for p in batch])
        proposals += batch
    return [point(p) for p in proposals], proposals


def spells(*word: str) -> float:
    """How many places have an 'a'."""
    return float(sum(letter == "a" for letter in word))


def never(candidate: Candidate) -> bool:
    return False


def always(candidate: Candidate) -> bool:
    return True
