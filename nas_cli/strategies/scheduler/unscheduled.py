"""No scheduler: every trial has the estimator's own budget."""

from dataclasses import dataclass

from nas_cli.strategies.contract import Strategy


@dataclass(frozen=True)
class UnscheduledSettings:
    """Nothing to set."""

    name: str


def unscheduled(settings: UnscheduledSettings, inner: Strategy, seed: int) -> Strategy:
    """The strategy itself."""
    return inner
