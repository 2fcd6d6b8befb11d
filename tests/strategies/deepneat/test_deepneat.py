from typing import Any

import numpy as np
import pytest

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.errors import ConfigError
from nas_cli.schema import validate
from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.candidate import Candidate
from nas_cli.spaces.graph import check_graph
from nas_cli.spaces.modular import ModularSpace
from nas_cli.strategies.contract import Admissible, Outcome
from nas_cli.strategies.deepneat.genome import DeepGenome, DeepOperators
from nas_cli.strategies.deepneat.settings import DeepNEATSettings
from nas_cli.strategies.deepneat.strategy import DeepNEAT
from nas_cli.strategies.random import RandomSearch, RandomSettings
from tests.spaces.configured import space as modular_space
from tests.spaces.configured import values
from tests.spaces.test_dense import space as dense_space
from tests.strategies.contract import Make, StrategyContract, anything, cheap, run


def settings(**changes: Any) -> DeepNEATSettings:
    return validate(DeepNEATSettings, {**values("strategy", "deepneat"), **changes})


def make(
    seed: int = 0, admissible: Admissible = anything, space: ModularSpace | None = None, **changes: Any
) -> DeepNEAT:
    return DeepNEAT(settings(**changes), space or modular_space(), seed, admissible)


class TestDeepNEAT(StrategyContract):
    @pytest.fixture
    def make(self) -> Make:
        return lambda **given: make(**{"generations": 3, "population": 5, "attempts": 200, **given})


class TestDeepNEATFromOneLayerOnLargeSpace(StrategyContract):
    @pytest.fixture
    def make(self) -> Make:
        busy = {"start": "minimal", "interspecies": 0.5, "stagnation": 1, "elitism": 0, "crossover": 1.0}
        large = modular_space("thesis_large", (32, 32, 3))
        return lambda **given: make(
            **{"generations": 4, "population": 5, "attempts": 200, "space": large, **busy, **given}
        )


def depth(candidate: Candidate) -> int:
    assert isinstance(candidate, Architecture)
    return sum(n.op == "conv2d" for n in candidate.nodes)


def threes(candidate: Candidate) -> float:
    """What evolution can add up: the number of 3×3 kernels."""
    assert isinstance(candidate, Architecture)
    return float(sum(n["kernel"] == 3 for n in candidate.nodes if n.op == "conv2d"))


def test_every_trial_is_a_new_network() -> None:
    proposals, _ = run(make(generations=5), lambda a: 1.0 / depth(a))
    assert len({p.architecture.digest() for p in proposals}) == len(proposals) == 40


def test_the_minimal_start_has_one_layer_and_grows_to_the_limit() -> None:
    proposals, _ = run(make(start="minimal", generations=15, max_layers=4), lambda a: float(depth(a)))
    assert {depth(p.architecture) for p in proposals if not p.generation} == {1}
    assert max(depth(p.architecture) for p in proposals) == 4


def test_parents_are_earlier_trials_and_the_best_stays_one() -> None:
    proposals, outcomes = run(make(generations=6), threes)
    parents = [trial for p in proposals for trial in p.origin["parents"]]
    assert all(trial < p.trial for p in proposals for trial in p.origin["parents"])
    assert all(p.parent == p.origin["parents"][0] for p in proposals if p.generation)
    best = max(outcomes[:40], key=lambda o: (o.fitness or 0, -o.trial)).trial
    assert best in parents


def test_layers_of_one_descent_are_one_part() -> None:
    for proposal in run(make())[0]:
        assert isinstance(proposal.architecture, Architecture)
        convolutions = [f"conv2d_{i}" for i, n in enumerate(proposal.architecture.nodes) if n.op == "conv2d"]
        assert list(proposal.parts) == convolutions
        marks = {f"layer {mark}" for mark, _ in proposal.origin["genotype"]["modules"]["0"]["nodes"]}
        assert set(proposal.parts.values()) == marks


def test_origin_decodes_to_the_network() -> None:
    space = modular_space()
    for proposal in run(make())[0]:
        assert space.architecture(space.decode(proposal.origin["genotype"])) == proposal.architecture
        assert architecture_cost(proposal.architecture).flops > 0


def test_operators_keep_graphs_sound() -> None:
    operators = DeepOperators(settings(max_layers=6), modular_space())
    rng = np.random.default_rng(0)
    one, two = operators.sample(rng), operators.sample(rng)
    for step in range(200):
        one, two = operators.mutate(one, rng), operators.cross(two, one, step % 2 == 0, rng)
        for genome in (one, two):
            check_graph(genome.graph)
            assert 1 <= len(genome.graph.nodes) <= 6
        assert operators.distance(one, two) == pytest.approx(operators.distance(two, one))
        assert operators.distance(one, two) >= 0
        assert operators.distance(one, one) == 0


def test_mutations_change_the_genome() -> None:
    operators = DeepOperators(settings(), modular_space())
    rng = np.random.default_rng(1)
    genome: DeepGenome = operators.sample(rng)
    assert all(operators.mutate(genome, rng) != genome for _ in range(50))


def test_evolution_beats_random_search_where_layers_add_up() -> None:
    evolved, drawn = [], []
    for seed in range(6):
        told = run(make(seed, generations=10, population=8), threes)[1]
        evolved.append(max(outcome.fitness or 0 for outcome in told))
        chosen = validate(RandomSettings, {**values("strategy", "random"), "generations": 10, "population": 8})
        told = run(RandomSearch(chosen, modular_space(), seed, anything), threes)[1]
        drawn.append(max(outcome.fitness or 0 for outcome in told))
    assert np.mean(evolved) > np.mean(drawn) + 0.5


def test_limits_hold_while_fitness_pulls_against_them() -> None:
    proposals, _ = run(make(admissible=cheap, generations=6), lambda a: float(depth(a)))
    assert len(proposals) == 48 and all(cheap(p.architecture) for p in proposals)


def test_description_follows_the_species() -> None:
    strategy, index = make(), 0
    while batch := strategy.ask():
        strategy.tell([Outcome(p.trial, threes(p.architecture)) for p in batch])
        described = strategy.describe()
        assert described["generation"] == index
        assert sum(described["species"]["network"].values()) >= 8
        assert described["best_so_far"] is not None
        index += 1


def test_other_spaces_are_refused() -> None:
    with pytest.raises(ConfigError, match="thesis_small"):
        DeepNEAT(settings(), dense_space(), 0, anything)  # type: ignore[arg-type]


def test_no_mutation_at_all_is_refused() -> None:
    none = dict.fromkeys(("add_connection", "add_node", "mutate_layer", "mutate_head"), 0.0)
    with pytest.raises(ConfigError, match="mutate_layer"):
        settings(**none)
