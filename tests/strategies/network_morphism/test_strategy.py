"""Hill climbing with function-preserving changes."""

from typing import Any, cast

import pytest

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.errors import ConfigError
from nas_cli.schema import validate
from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.candidate import Candidate, Point
from nas_cli.spaces.morphing import morphed
from nas_cli.strategies.contract import Admissible
from nas_cli.strategies.network_morphism.settings import NetworkMorphismSettings
from nas_cli.strategies.network_morphism.strategy import NetworkMorphism
from tests.spaces.configured import space, values
from tests.strategies.contract import Make, StrategyContract, anything, cheap, run

SMALL = {"generations": 3, "population": 3, "neighbours": 6, "changes": 2}


def make(seed: int = 0, admissible: Admissible = anything, **changes: Any) -> NetworkMorphism:
    settings = validate(NetworkMorphismSettings, {**values("strategy", "network_morphism"), **SMALL, **changes})
    return NetworkMorphism(settings, space(), seed, admissible)


def size(candidate: Candidate) -> float:
    """Larger networks are better, as if training never over-fitted."""
    return architecture_cost(candidate).params / 1e6 if isinstance(candidate, Architecture) else 0.0


class TestRandomChoice(StrategyContract):
    @pytest.fixture
    def make(self) -> Make:
        return lambda **given: make(**given)


class TestBayesianChoice(StrategyContract):
    @pytest.fixture
    def make(self) -> Make:
        return lambda **given: make(choice="bayesian", **given)


def test_children_are_changes_of_the_best_network_before_them() -> None:
    proposals, outcomes = run(make(), size)
    assert all(p.parent is None and p.morphisms == () for p in proposals[:3])
    for proposal in proposals[3:]:
        told = outcomes[: 3 * proposal.generation]
        assert proposal.parent == max(told, key=lambda o: o.fitness or 0).trial
        network = proposals[proposal.parent].architecture
        assert isinstance(network, Architecture)
        for morphism in proposal.morphisms:
            network = morphed(network, morphism)
        assert network == proposal.architecture and len(proposal.morphisms) == 2
        assert proposal.origin["parents"] == [proposal.parent]


def test_the_origin_is_the_way_from_a_genotype_of_the_space() -> None:
    proposals, _ = run(make(), size)
    last = proposals[-1]
    assert [m[0] for m in last.origin["genotype"]["morphisms"][-2:]] == [m.kind for m in last.morphisms]
    assert len(last.origin["genotype"]["morphisms"]) == 4
    assert last.origin["genotype"]["start"] in [p.origin["genotype"]["start"] for p in proposals[:3]]


def test_the_best_rises_where_size_pays() -> None:
    strategy = make(generations=5)
    _, outcomes = run(strategy, size)
    best = [max(o.fitness or 0 for o in outcomes[3 * at : 3 * at + 3]) for at in range(5)]
    assert best == sorted(best) and best[0] < best[-1]
    assert sum(strategy.describe()["changes"].values()) == 8


def test_at_the_limit_smaller_parents_have_children() -> None:
    proposals, _ = run(make(admissible=cheap, generations=6, attempts=20), size)
    assert len(proposals) == 18 and len({p.architecture for p in proposals}) == 18


def test_a_space_without_networks_is_refused() -> None:
    class Points:
        def sample(self, rng: object) -> int:
            return 1

        def architecture(self, genotype: int) -> Point:
            return Point((("a", genotype),))

    settings = validate(NetworkMorphismSettings, {**values("strategy", "network_morphism"), **SMALL})
    with pytest.raises(ConfigError, match="strategy network_morphism changes networks.*--space chain"):
        NetworkMorphism(settings, cast(Any, Points()), 0, anything)


def test_settings_that_mean_nothing_are_refused() -> None:
    with pytest.raises(ConfigError, match="strategy.neighbours=2 is below strategy.population=3"):
        make(choice="bayesian", neighbours=2)
    with pytest.raises(ConfigError, match="strategy.widen is empty"):
        make(widen=[])
