from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nas_cli.errors import ConfigError
from nas_cli.estimators.forward_pass import outputs
from nas_cli.schema import validate
from nas_cli.spaces.candidate import Candidate
from nas_cli.spaces.dense_genome import Genome
from nas_cli.spaces.neural_network import NeuralNetwork
from nas_cli.strategies.contract import Admissible, Outcome
from nas_cli.strategies.neat.breeding import places
from nas_cli.strategies.neat.operators import NEATOperators
from nas_cli.strategies.neat.settings import NEATSettings
from nas_cli.strategies.neat.strategy import NEAT
from nas_cli.strategies.speciation.individual import Individual
from nas_cli.strategies.speciation.species import Species
from tests.spaces.configured import space as modular_space
from tests.spaces.configured import values
from tests.spaces.test_dense import grown, space, two_to_one
from tests.strategies.contract import Make, StrategyContract, anything, run

XOR = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]])


def settings(**changes: Any) -> NEATSettings:
    return validate(NEATSettings, {**values("strategy", "neat"), **changes})


def make(seed: int = 0, admissible: Admissible = anything, **changes: Any) -> NEAT:
    return NEAT(settings(**changes), space(), seed, admissible)


class TestNEAT(StrategyContract):
    @pytest.fixture
    def make(self) -> Make:
        busy = {"add_node": 0.3, "add_connection": 0.5, "interspecies": 0.2, "distance": 1.0}
        return lambda **given: make(**{"generations": 4, "population": 12, "attempts": 60, **busy, **given})


def xor_fitness(candidate: Candidate) -> float:
    assert isinstance(candidate, NeuralNetwork)
    return (4.0 - float(np.abs(outputs(candidate, XOR)[0] - [0, 1, 1, 0]).sum())) ** 2


def test_it_learns_exclusive_or_and_ends_at_the_target() -> None:
    proposals, outcomes = run(make(seed=18, generations=40, target=12.25), xor_fitness)
    assert (outcomes[-1].fitness or 0) > 0 and max(outcome.fitness or 0 for outcome in outcomes) >= 12.25
    assert len(proposals) < 150 * 40
    best = max(proposals, key=lambda p: xor_fitness(p.architecture)).architecture
    assert isinstance(best, NeuralNetwork) and len(best.units) > 1
    assert [bool(value > 0.5) for value in outputs(best, XOR)[0]] == [False, True, True, False]


def test_the_start_is_minimal_and_networks_grow() -> None:
    proposals, _ = run(make(generations=12, population=40), xor_fitness)
    sizes = [len(p.architecture.units) for p in proposals if isinstance(p.architecture, NeuralNetwork)]
    assert set(sizes[:40]) == {1} and max(sizes) > 1


def test_evolution_sees_the_training_fitness_where_there_is_one() -> None:
    def told(metric: float, fitness: float, name: str) -> Mapping[str, Any]:
        strategy = make(generations=2, population=5, fitness=name)
        strategy.tell([Outcome(p.trial, fitness, {"train_fitness": metric}) for p in strategy.ask()])
        return strategy.describe()

    assert told(0.7, 0.2, "train_fitness")["best_so_far"] == 0.7
    assert told(0.7, 0.2, "fitness")["best_so_far"] == 0.2


def test_parents_are_trials_of_the_generation_before() -> None:
    proposals, _ = run(make(generations=4, population=20), xor_fitness)
    for proposal in proposals:
        assert [trial // 20 for trial in proposal.origin["parents"]] == (
            [proposal.generation - 1] * len(proposal.origin["parents"])
        )
    assert {len(p.origin["parents"]) for p in proposals if p.generation} == {1, 2}


def test_champions_are_copied() -> None:
    proposals, outcomes = run(make(generations=5, population=30, distance=100.0), xor_fitness)
    for generation in range(4):
        now = [o.fitness or 0 for o in outcomes[30 * generation : 30 * (generation + 1)]]
        later = [o.fitness or 0 for o in outcomes[30 * (generation + 1) : 30 * (generation + 2)]]
        assert max(later) >= max(now)
    assert len({p.origin["species"] for p in proposals}) == 1


def species(id: int, *fitness: float, improved: int = 0) -> Species[Genome]:
    genome = two_to_one()
    members = tuple(Individual(100 * id + i, genome, (), value) for i, value in enumerate(fitness))
    return Species(id, genome, members, max(fitness), improved)


def test_places_follow_shared_fitness_and_champions_of_large_species_fill_one() -> None:
    small, large = species(1, 3.0, 3.0), species(2, 1.0, 2.0, 0.0, 1.0, 1.0, 1.0)
    filled = places([small, large], settings(population=8), 1, 1)
    assert [place.parents[0].id // 100 for place in filled] == [1] * 6 + [2] * 2  # means 3 and 1
    assert [place.champion.id if place.champion else None for place in filled] == [None] * 6 + [201, None]
    assert [m.id for m in filled[6].parents] == [201, 200] and [m.id for m in filled[0].others] == [201, 200]


def test_stagnant_species_do_not_reproduce_and_a_stagnant_population_is_refocused() -> None:
    kinds = [species(1, 4.0), species(2, 2.0), species(3, 3.0, improved=10), species(4, 1.0, improved=10)]
    chosen = settings(population=40)
    assert {p.parents[0].id // 100 for p in places(kinds, chosen, 15, 15)} == {1, 3, 4}
    assert {p.parents[0].id // 100 for p in places(kinds, chosen, 14, 14)} == {1, 2, 3, 4}
    assert {p.parents[0].id // 100 for p in places(kinds, chosen, 14, -7)} == {1, 3}


def test_the_distance_of_small_genomes_is_not_divided() -> None:
    one, two = two_to_one(), grown(3, 4)
    small = NEATOperators(settings(weights=0.0), space())
    unmatched = len(one.link_marks ^ two.link_marks)
    assert small.distance(one, two) == unmatched
    divided = NEATOperators(settings(weights=0.0, small=0), space())
    assert divided.distance(one, two) == pytest.approx(unmatched / len(two.links))
    shifted = replace(one, links=tuple(link._replace(weight=link.weight + 3) for link in one.links))
    # two weights differ by 3, the bias by 0
    assert NEATOperators(settings(), space()).distance(one, shifted) == pytest.approx(0.4 * 2)


def test_mutations_come_at_their_rates() -> None:
    operators, rng = NEATOperators(settings(), space()), np.random.default_rng(0)
    genome = grown(0, 3)
    children = [operators.mutate(genome, rng) for _ in range(3000)]
    nodes = sum(len(child.nodes) > len(genome.nodes) for child in children) / 3000
    unchanged = sum(child == genome for child in children) / 3000
    assert nodes == pytest.approx(0.03, abs=0.012)
    assert unchanged == pytest.approx(0.2 * 0.97 * 0.95, abs=0.03)


def test_spaces_of_layers_are_refused() -> None:
    with pytest.raises(ConfigError, match="--space dense"):
        NEAT(settings(), modular_space(), 0, anything)  # type: ignore[arg-type]
