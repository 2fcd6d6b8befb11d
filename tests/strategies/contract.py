"""What every strategy must do; a test class inherits this and gives the `make` fixture."""

import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.errors import ConfigError, RunError
from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.candidate import Candidate
from nas_cli.strategies.contract import Outcome, Proposal, Strategy

Make = Callable[..., Strategy]
"""make(seed=0, admissible=…) builds the strategy."""
Fitness = Callable[[Candidate], float | None]


def anything(candidate: Candidate) -> bool:
    return True


def cheap(candidate: Candidate) -> bool:
    if not isinstance(candidate, Architecture):
        return hashed(candidate) < 0.7
    return architecture_cost(candidate).flops <= 30e6


def kernels(candidate: Candidate) -> float:
    """A stand-in for accuracy: the share of 3×3 kernels and a little for depth; of a point, any fixed number."""
    if not isinstance(candidate, Architecture):
        return hashed(candidate)
    sizes: list[int] = [n["kernel"] for n in candidate.nodes if n.op == "conv2d"]
    return sum(size == 3 for size in sizes) / (len(sizes) + 1)


def hashed(candidate: Candidate) -> float:
    """A number in [0, 1] that only depends on the candidate."""
    return zlib.crc32(candidate.digest().encode()) / 2**32


def run(strategy: Strategy, fitness: Fitness = kernels) -> tuple[list[Proposal], list[Outcome]]:
    """All proposals and outcomes of a search."""
    proposals: list[Proposal] = []
    outcomes: list[Outcome] = []
    while batch := strategy.ask():
        told = [Outcome(p.trial, fitness(p.architecture)) for p in batch]
        strategy.tell(told)
        proposals += batch
        outcomes += told
    return proposals, outcomes


class StrategyContract:
    @pytest.fixture
    def make(self) -> Make:
        raise NotImplementedError

    def test_same_seed_same_proposals_and_another_seed_others(self, make: Make) -> None:
        assert run(make(seed=3)) == run(make(seed=3))
        assert run(make(seed=3)) != run(make(seed=4))

    def test_trials_count_without_gaps_and_generations_never_fall(self, make: Make) -> None:
        proposals, _ = run(make())
        assert [p.trial for p in proposals] == list(range(len(proposals)))
        generations = [p.generation for p in proposals]
        assert generations == sorted(generations) and set(generations) == set(range(generations[-1] + 1))

    def test_the_search_ends_and_stays_ended(self, make: Make) -> None:
        strategy = make()
        assert run(strategy)[0]
        assert list(strategy.ask()) == []
        strategy.tell([])
        assert list(strategy.ask()) == []

    def test_asking_again_gives_the_same_batch(self, make: Make) -> None:
        strategy = make()
        while batch := strategy.ask():
            assert list(strategy.ask()) == list(batch)
            strategy.tell([Outcome(p.trial, kernels(p.architecture)) for p in batch])

    def test_replay_after_any_batch_ends_like_the_uninterrupted_run(self, make: Make) -> None:
        proposals, outcomes = run(make())
        told, whole = [0], make()
        while batch := whole.ask():
            whole.tell([outcomes[p.trial] for p in batch])
            told.append(told[-1] + len(batch))
        for stop in range(1, len(told) - 1, max(1, len(told) // 8)):
            resumed = make()
            for _ in range(stop):
                resumed.tell([outcomes[p.trial] for p in resumed.ask()])
            rest, _ = run(resumed)
            assert rest == proposals[told[stop] :]

    def test_every_proposal_is_admissible(self, make: Make) -> None:
        proposals, _ = run(make(admissible=cheap))
        assert all(cheap(p.architecture) for p in proposals)

    def test_limits_that_nothing_meets_are_one_clear_error(self, make: Make) -> None:
        with pytest.raises(ConfigError, match="max_flops"):
            make(admissible=lambda candidate: False).ask()

    @pytest.mark.parametrize("failed", [None, float("nan"), float("inf"), float("-inf")])
    def test_failed_trials_do_not_stop_the_search(self, make: Make, failed: float | None) -> None:
        expected = len(run(make())[0])
        assert len(run(make(), lambda candidate: failed)[0]) == expected
        half = iter(range(10**6))
        some = run(make(), lambda candidate: failed if next(half) % 2 else kernels(candidate))
        assert len(some[0]) == expected

    def test_negative_fitness_is_accepted(self, make: Make) -> None:
        expected = len(run(make())[0])
        assert len(run(make(), lambda candidate: kernels(candidate) - 5)[0]) == expected

    def test_outcomes_of_other_trials_are_refused(self, make: Make) -> None:
        strategy = make()
        batch = strategy.ask()
        for wrong in ([], [Outcome(p.trial + 1, 0.5) for p in batch], [Outcome(p.trial, 0.5) for p in batch[:-1]]):
            with pytest.raises(RunError, match="told"):
                strategy.tell(wrong)

    def test_origin_and_description_are_json(self, make: Make) -> None:
        strategy = make()
        described: list[Any] = [strategy.describe()]
        while batch := strategy.ask():
            for proposal in batch:
                assert json.loads(json.dumps(proposal.origin, allow_nan=False)) == proposal.origin
            strategy.tell([Outcome(p.trial, None if p.trial % 3 == 0 else 0.5) for p in batch])
            described.append(strategy.describe())
        assert json.loads(json.dumps(described, allow_nan=False)) == described
