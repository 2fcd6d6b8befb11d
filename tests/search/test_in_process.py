"""Searches whose scores are looked up: no worker processes, no networks, and a test score that is known."""

import json
from pathlib import Path

import pytest

from nas_cli.errors import ConfigError, RunError
from nas_cli.estimators.contract import NO_HINTS, Hints, Progress, Score
from nas_cli.search.economies import Economies
from nas_cli.search.in_process import InProcess
from nas_cli.search.loop import run_search
from nas_cli.spaces.candidate import Candidate, Point
from nas_cli.strategies.contract import Outcome, Proposal
from tests.search.fakes import START, fresh

NO_NETWORKS = Economies(networks=False)


def point(value: int) -> Point:
    # Not in alphabetical order: what is journaled must compare equal all the same.
    return Point((("z", value), ("a", 0.5)))


class Lookup:
    """The value as score, a failed trial for negative ones."""

    def __init__(self) -> None:
        self.hints: list[Hints] = []
        self.tested: list[Candidate] = []

    def estimate(
        self,
        architecture: Candidate,
        seed: int,
        model_file: Path | None,
        progress: Progress,
        hints: Hints = NO_HINTS,
    ) -> Score:
        assert isinstance(architecture, Point) and model_file is None
        self.hints.append(hints)
        value = int(architecture["z"])
        if value < 0:
            raise ConfigError(f"{value} is not in the table")
        return Score(float(value), {"valid_accuracy": value / 100}, cost={"flops": 10 * value})

    def known_test(self, candidate: Candidate) -> dict[str, float] | None:
        self.tested.append(candidate)
        return {"test_accuracy": 0.25}

    def test(self, model_file: Path) -> dict[str, float]:
        raise AssertionError


class Listed:
    """Proposes what it is given: one batch for each list of proposals."""

    def __init__(self, *batches: list[Proposal]) -> None:
        self._batches = list(batches)
        self.told: list[Outcome] = []

    def ask(self, wanted: int | None = None) -> list[Proposal]:
        return self._batches[0] if self._batches else []

    def tell(self, outcomes: list[Outcome]) -> None:
        self._batches.pop(0)
        self.told += outcomes

    def describe(self) -> dict[str, int]:
        return {"told": len(self.told)}


def listed(*values: int) -> Listed:
    return Listed([Proposal(trial, 0, point(value)) for trial, value in enumerate(values)])


def search(folder: Path, strategy: Listed, lookup: object) -> dict:
    run = fresh(folder)
    return run_search(run, strategy, InProcess(lookup), lambda _: {}, 5, START, economies=NO_NETWORKS)  # type: ignore[arg-type]


def test_the_chosen_point_is_tested_once_and_kept(tmp_path: Path) -> None:
    lookup, strategy = Lookup(), listed(3, 7, -1, 7)
    summary = search(tmp_path / "run", strategy, lookup)
    assert lookup.tested == [point(7)]
    best = summary["best"]
    assert (best["id"], best["valid_accuracy"], best["test_accuracy"]) == (1, 0.07, 0.25)
    assert (best["flops"], best["params"]) == (70, None)
    assert best["point"] == {"z": 7, "a": 0.5}
    assert json.loads((tmp_path / "run" / "best" / "architecture.json").read_text()) == point(7).to_json()
    assert not (tmp_path / "run" / "best" / "model.keras").exists()
    assert summary["search"]["failures"] == {"-1 is not in the table": 1}


def test_costs_that_the_estimator_knows_reach_the_strategy(tmp_path: Path) -> None:
    strategy = listed(3, 4)
    search(tmp_path / "run", strategy, Lookup())
    assert [outcome.metrics["flops"] for outcome in strategy.told] == [30, 40]


def test_an_estimator_that_knows_no_test_score_leaves_the_test_out(tmp_path: Path) -> None:
    class Untested(Lookup):
        known_test = None  # type: ignore[assignment]

    summary = search(tmp_path / "run", listed(1, 2), Untested())
    assert summary["status"] == "completed"
    assert summary["best"]["test_accuracy"] is None


def test_all_points_missing_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="all 2 trials failed, the first with '-1 is not in the table': change"):
        search(tmp_path / "run", listed(-1, -2), Lookup())


def test_the_best_is_one_of_the_largest_budget_and_hints_say_what_was_spent(tmp_path: Path) -> None:
    first = [
        Proposal(0, 0, point(9), budget=1),
        Proposal(1, 0, point(5), budget=1),
        Proposal(2, 0, point(-1), budget=1),
    ]
    second = [Proposal(3, 1, point(5), budget=4, continues=1), Proposal(4, 1, point(6), budget=4, continues=2)]
    lookup, strategy = Lookup(), Listed(first, second)
    summary = search(tmp_path / "run", strategy, lookup)
    assert (summary["best"]["id"], summary["best"]["budget"]) == (4, 4)
    assert summary["search"]["best_so_far"] == [9.0, 9.0, 9.0, 5.0, 6.0]
    spent = [(hints.epochs, hints.trained_epochs, hints.continues and hints.continues.trial) for hints in lookup.hints]
    # Trial 2 failed: there is nothing to continue.
    assert spent == [(1, 0, None), (1, 0, None), (1, 0, None), (4, 1, 1), (4, 0, None)]
    assert [outcome.metrics.get("budget") for outcome in strategy.told] == [1, 1, 1, 4, 4]
