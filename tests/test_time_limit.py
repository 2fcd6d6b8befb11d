import importlib
from pathlib import Path

import pytest

from nas_cli.spaces.candidate import Point
from nas_cli.strategies.contract import Outcome, Proposal

SCRIPTS = Path(__file__).parents[1] / "scripts"


class Endless:
    """Two proposals at a time."""

    def __init__(self) -> None:
        self.told = 0

    def ask(self, wanted: int | None = None) -> list[Proposal]:
        return [Proposal(self.told + number, 0, Point((("width", 1),))) for number in range(2)]

    def tell(self, outcomes: list[Outcome]) -> None:
        self.told += len(outcomes)

    def describe(self) -> dict[str, int]:
        return {"told": self.told}


def test_the_batch_in_which_the_time_runs_out_is_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    limited = importlib.import_module("time_limit").TimeLimit(Endless(), 50.0)
    batches = 0
    while batch := limited.ask():
        limited.tell([Outcome(p.trial, None, {"simulated_seconds": 12.0} if p.trial else {}) for p in batch])
        batches += 1
    # 12 s, 24 s, 24 s: after 36 s there is time left, after 60 s none.
    assert batches == 3
    assert limited.describe() == {"told": 6}
