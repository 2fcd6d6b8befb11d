"""What all strategies check and say when batches are asked for and told."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from nas_cli.errors import ConfigError, RunError
from nas_cli.spaces.decision import Decision
from nas_cli.strategies.contract import Outcome

SPACES_WITH_DECISIONS = ("chain", "cell", "nasbench201", "dag", "hyperparameters", "table")


def check_told(outcomes: Sequence[Outcome], expected: Iterable[int]) -> None:
    """Nothing if the outcomes are those of the last batch, in order.

    Raises:
        RunError: otherwise; a journal that does not belong to this search is the usual cause.
    """
    told, asked = [outcome.trial for outcome in outcomes], list(expected)
    if told != asked:
        raise RunError(f"outcomes of trials {told} were told, but the search has asked for {asked}, in this order.")


def finite(fitness: float | None) -> float | None:
    """The fitness, or None for a failed trial; NaN and infinities count as failed."""
    return fitness if fitness is not None and math.isfinite(fitness) else None


def best_fitness(values: Iterable[float | None]) -> float | None:
    """The highest fitness; None if every trial has failed."""
    return max((value for value in values if finite(value) is not None and value is not None), default=None)


def decisions_of(space: Any, strategy: str) -> tuple[Decision, ...]:
    """The decisions of a space, for a strategy that is named in the error.

    Raises:
        ConfigError: if the space's networks are not described by a list of decisions.
    """
    decisions: tuple[Decision, ...] | None = getattr(space, "decisions", None)
    if not decisions:
        name = getattr(getattr(space, "settings", None), "name", type(space).__name__)
        raise ConfigError(
            f"strategy {strategy} searches spaces with a list of decisions ({', '.join(SPACES_WITH_DECISIONS)}), "
            f"space '{name}' has none: choose one of these, or a strategy for graphs of any size (random, "
            "regularized_evolution, local_search, nsga2)."
        )
    return tuple(decisions)


def no_network(attempts: int, trial: int) -> ConfigError:
    """The error for a trial without an admissible candidate."""
    return ConfigError(
        f"none of {attempts} networks drawn for trial {trial} respects the limits: raise space.max_flops (or "
        "space.max_params, space.max_memory_gb if set), make the space's networks smaller, or raise strategy.attempts."
    )
