"""An end of a search by simulated time: strategies of different trial lengths compared at equal cost."""

from collections.abc import Mapping, Sequence
from typing import Any, final

from nas_cli.strategies.contract import Outcome, Proposal, Strategy


@final
class TimeLimit:
    """A strategy that asks for nothing more once its trials have taken `seconds` simulated seconds.

    The batch in which the time runs out is the last, and is told whole: a search may take longer by one batch.
    """

    def __init__(self, strategy: Strategy, seconds: float) -> None:
        self._strategy = strategy
        self._left = seconds

    def ask(self, wanted: int | None = None) -> Sequence[Proposal]:
        return self._strategy.ask(wanted) if self._left > 0 else []

    def tell(self, outcomes: Sequence[Outcome]) -> None:
        self._left -= sum(outcome.metrics.get("simulated_seconds", 0.0) for outcome in outcomes)
        self._strategy.tell(outcomes)

    def describe(self) -> Mapping[str, Any]:
        return self._strategy.describe()
