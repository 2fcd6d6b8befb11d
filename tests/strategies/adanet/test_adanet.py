import math
from typing import Any

import pytest

from nas_cli.errors import ConfigError
from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.ensemble import EnsembleSpace, Subnetwork
from nas_cli.strategies.adanet.objective import objective
from nas_cli.strategies.adanet.settings import AdaNetSettings
from nas_cli.strategies.adanet.strategy import AdaNet
from nas_cli.strategies.contract import Admissible, Outcome, Proposal
from tests.spaces.configured import space as modular
from tests.spaces.test_ensemble import ensembles
from tests.strategies.contract import Make, StrategyContract
from tests.strategies.points import always, settings


def adanet(space: Any = None, seed: int = 0, admissible: Admissible = always, **changes: Any) -> AdaNet:
    chosen = settings(AdaNetSettings, "adanet", **changes)
    return AdaNet(chosen, ensembles() if space is None else space, seed, admissible)


class TestAdaNet(StrategyContract):
    @pytest.fixture
    def make(self) -> Make:
        return lambda seed=0, admissible=always: adanet(
            seed=seed, admissible=admissible, generations=3, population=4, force_grow=True
        )


def genotype(proposal: Proposal) -> list[list[int]]:
    found: list[list[int]] = proposal.origin["genotype"]
    return found


def rounds(strategy: AdaNet, loss: Any) -> list[list[Proposal]]:
    """The batches of a search for a low `loss`, which is given the genotype."""
    asked = []
    while batch := strategy.ask():
        told = []
        for proposal in batch:
            value = loss(genotype(proposal))
            told.append(Outcome(proposal.trial, None if value is None else -value, {"valid_loss": value or 0.0}))
        strategy.tell(told)
        asked.append(list(batch))
    return asked


def test_each_round_has_candidates_of_equal_depth_and_one_layer_deeper() -> None:
    first, second, third = rounds(adanet(generations=3, population=6), lambda ensemble: -sum(d for d, _ in ensemble))
    assert [genotype(p)[-1][0] for p in first] == [1, 2, 1, 2, 1, 2]
    assert sorted(width for ((_, width),) in map(genotype, first)) == [16, 16, 32, 32, 64, 64]
    assert [genotype(p)[-1][0] for p in second] == [2, 3, 2, 3, 2, 3]
    assert [genotype(p)[-1][0] for p in third] == [3, 4, 3, 4, 3, 4]


def test_the_winner_of_a_round_is_in_all_candidates_of_the_next() -> None:
    first, second = rounds(adanet(generations=2), lambda ensemble: -sum(width for _, width in ensemble))
    winner = next(p for p in first if genotype(p)[0][1] == 64)
    assert all(genotype(p)[0] == genotype(winner)[0] and len(genotype(p)) == 2 for p in second)
    assert all(p.parent == winner.trial and p.origin["parents"] == [winner.trial] for p in second)


def test_subnetworks_of_the_winner_are_parts_by_which_weights_are_found_again() -> None:
    first, second = rounds(adanet(generations=2), lambda ensemble: -sum(width for _, width in ensemble))
    winner = first[second[0].parent or 0]
    for child in second:
        inherited = {name: part for name, part in child.parts.items() if part == f"subnetwork-{winner.trial}"}
        assert inherited == dict(winner.parts)
        assert set(child.parts.values()) == {f"subnetwork-{winner.trial}", f"subnetwork-{child.trial}"}


def test_the_search_ends_when_no_candidate_lowers_the_objective() -> None:
    best = {1: 0.5, 2: 0.4, 3: 0.45, 4: 0.1}
    assert len(rounds(adanet(generations=4), lambda ensemble: best[len(ensemble)])) == 3
    assert len(rounds(adanet(generations=4, force_grow=True), lambda ensemble: best[len(ensemble)])) == 4


def test_a_large_price_keeps_the_ensemble_small() -> None:
    """The loss falls by 0.1 with the second subnetwork; (λ·√1 + β)·(½ + ½) is the same for both, deeper costs more."""
    losses = {1: 0.5, 2: 0.4, 3: 0.39}
    searched = adanet(generations=2, complexity=1.0, penalty=0.0)
    rounds(searched, lambda ensemble: losses[len(ensemble)])
    assert [depth for depth, _ in searched.describe()["ensemble"]] == [1, 1]


def test_a_round_in_which_all_trials_failed_is_tried_again() -> None:
    asked = rounds(adanet(generations=3, population=6), lambda ensemble: None)
    assert [len(genotype(p)) for batch in asked for p in batch] == [1] * 18


def test_a_round_has_no_candidate_twice() -> None:
    """Three widths, two depths: six candidates at most, three where the ensemble is as deep as it may be."""
    for depth, expected in ((6, 6), (1, 3)):
        for batch in rounds(adanet(ensembles(max_depth=depth), population=8), lambda ensemble: -len(ensemble)):
            assert len({p.architecture for p in batch}) == len(batch) == expected


def test_ensembles_do_not_grow_beyond_the_limits() -> None:
    def two(candidate: Any) -> bool:
        assert isinstance(candidate, Architecture)
        return sum(n.op == "global_average_pool" for n in candidate.nodes) <= 2

    falling = lambda ensemble: -len(ensemble)  # noqa: E731
    assert len(rounds(adanet(admissible=two), falling)) == 2
    assert len(rounds(adanet(ensembles(max_subnetworks=3)), falling)) == 3
    depths = [genotype(p)[-1][0] for batch in rounds(adanet(ensembles(max_depth=2)), falling) for p in batch]
    assert max(depths) == 2


def test_the_objective_by_hand() -> None:
    """0.3 + (0.1·√4 + 0.01)·2 + (0.1·√1 + 0.01)·3 = 0.3 + 0.42 + 0.33; uniform weights: 0.3 + 0.105 + 0.055."""
    ensemble = (Subnetwork(4, 8), Subnetwork(1, 8))
    norms = {"mixture_l1_0": 2.0, "mixture_l1_1": 3.0}
    assert objective(Outcome(0, 0.9, {"valid_loss": 0.3, **norms}), ensemble, 0.1, 0.01) == pytest.approx(1.05)
    assert objective(Outcome(0, 0.9, {"valid_loss": 0.3}), ensemble, 0.1, 0.01) == pytest.approx(0.46)
    assert objective(Outcome(0, 0.9), ensemble, 0.0, 0.0) == pytest.approx(-0.9)
    assert objective(Outcome(0, None), ensemble, 0.1, 0.01) is None
    assert objective(Outcome(0, 0.9, {"valid_loss": math.nan}), ensemble, 0.1, 0.01) is None


def test_other_spaces_are_refused() -> None:
    with pytest.raises(ConfigError, match="use --space ensemble"):
        adanet(modular())
    assert isinstance(ensembles(), EnsembleSpace)
