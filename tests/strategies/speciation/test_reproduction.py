from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_cli.strategies.speciation.individual import Individual
from nas_cli.strategies.speciation.population import Population
from nas_cli.strategies.speciation.reproduction import BIRTHS, allocate, breed, breed_viable, by_fitness, parents_of
from nas_cli.strategies.speciation.species import Species
from tests.strategies.codeepneat.configured import settings


class Numbers:
    """Genomes are numbers; a mutation adds 100, a child is told by its parents."""

    def distance(self, first: float, second: float) -> float:
        return abs(first - second)

    def mutate(self, genome: float, rng: np.random.Generator) -> float:
        return genome + 100

    def cross(self, fitter: float, other: float, equal: bool, rng: np.random.Generator) -> float:
        return fitter + other / 1000


def members(*fitness: float) -> tuple[Individual[float], ...]:
    return tuple(Individual(i, float(i + 1), (), value) for i, value in enumerate(fitness))


def test_places_by_hand() -> None:
    assert allocate([3.0, 1.0, 1.0], 10, 0) == [6, 2, 2]
    assert allocate([0.5, 0.3, 0.2], 8, 0) == [4, 2, 2]  # 4, 2.4, 1.6
    assert allocate([0.0, 0.0, 0.0], 7, 1) == [3, 2, 2]
    assert allocate([-1.0, -3.0, -2.0], 6, 0) == [4, 0, 2]  # counted from -3
    assert allocate([9.0, 0.1], 4, 1) == [3, 1]


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=8), st.integers(8, 60))
def test_places_always_add_up(fitness: list[float], places: int) -> None:
    leader = int(np.argmax(fitness))
    counts = allocate(fitness, places, leader)
    assert sum(counts) == places and min(counts) >= 0 and counts[leader] >= 1


def test_the_fitter_parent_is_found_by_comparing_two_individuals() -> None:
    weak, strong, equal = members(0.2, 0.7, 0.2)
    assert by_fitness(weak, strong) == (strong, weak, False)
    assert by_fitness(strong, weak) == (strong, weak, False)
    assert by_fitness(equal, weak) == (weak, equal, True)
    with pytest.raises(ValueError, match="itself"):
        by_fitness(weak, weak)


def test_parents_are_the_best_share_and_at_least_two() -> None:
    species = Species(1, 0.0, members(0.1, 0.9, 0.5, 0.7))
    assert [m.id for m in parents_of(species, 0.5)] == [1, 3]
    assert [m.id for m in parents_of(species, 0.01)] == [1, 3]
    assert [m.id for m in parents_of(Species(1, 0.0, members(0.1)), 0.5)] == [0]


def test_crossover_takes_two_different_parents_with_the_fitter_first() -> None:
    always = settings(modules={"mutation": 0.0, "crossover": 1.0, "interspecies": 0.0}).modules
    species = Species(1, 0.0, members(0.1, 0.9))
    for seed in range(20):
        child, parents = breed(species, [], always, Numbers(), np.random.default_rng(seed))
        assert (child, parents) == (2.001, (1, 0))


def test_a_lonely_parent_mutates_and_interspecies_mating_finds_it_a_mate() -> None:
    chosen = settings(modules={"mutation": 0.0, "crossover": 1.0, "interspecies": 1.0}).modules
    lonely = Species(1, 0.0, members(0.5))
    assert breed(lonely, [], chosen, Numbers(), np.random.default_rng(0)) == (101.0, (0,))
    stranger = Individual(7, 50.0, (), 0.9)
    assert breed(lonely, [stranger], chosen, Numbers(), np.random.default_rng(0)) == (50.001, (7, 0))


def test_frequencies_of_mutation_and_crossover() -> None:
    shipped = settings().modules
    species, rng = Species(1, 0.0, members(0.1, 0.2, 0.3, 0.4)), np.random.default_rng(0)
    crossed = sum(len(breed(species, [], shipped, Numbers(), rng)[1]) == 2 for _ in range(2000))
    assert crossed / 2000 == pytest.approx(0.2, abs=0.03)


def test_offspring_that_cannot_fit_the_limits_is_bred_again() -> None:
    born = iter(range(100))
    assert breed_viable(lambda: (next(born), ()), lambda genome: genome >= 3) == (3, ())
    assert breed_viable(lambda: (next(born), ()), lambda genome: False) == (3 + BIRTHS, ())


def test_elites_survive_unchanged_and_the_population_keeps_its_size() -> None:
    chosen = settings(modules={"population": 10, "species": 2, "elitism": 2, "distance": 5.0}).modules
    population: Population[float] = Population(chosen, Numbers())
    population.found([float(i) for i in range(10)])
    fitness = {member.id: member.genome / 10 for member in population.members}
    population.evaluate(fitness, set(), 0)
    best = sorted(population.members, key=lambda m: -(m.fitness or 0))[0]
    population.evolve(0, lambda genome, rng: True, np.random.default_rng(0))
    assert best in population.members
    assert len(population.members) == 10
    fresh = [m for m in population.members if m.fitness is None]
    assert fresh and all(m.parents and m.id >= 10 for m in fresh)


def test_who_was_in_no_network_is_judged_by_its_kind() -> None:
    chosen = settings(modules={"population": 5, "species": 2, "distance": 5.0}).modules
    population: Population[float] = Population(chosen, Numbers())
    population.restore(
        [
            Species(1, 0.0, tuple(Individual(i, float(i)) for i in range(3))),
            Species(2, 90.0, (Individual(3, 90.0), Individual(4, 91.0))),
        ],
        5.0,
    )
    population.evaluate({0: 0.4, 1: 0.8}, {4}, 0)
    # 2: mean of its species; 4: lowest, because it was rejected; 3: mean of everyone, as its species has no fitness
    standing = {0: 0.4, 1: 0.8, 2: 0.6, 3: 0.6, 4: 0.4}
    assert {m.id: m.standing() for m in population.members} == pytest.approx(standing)
    population.evaluate({1: 0.2}, {0}, 1)
    # 0 keeps what was measured; the others follow the new means of what has been measured
    standing = {0: 0.4, 1: 0.2, 2: 0.3, 3: 0.3, 4: 0.3}
    assert {m.id: m.standing() for m in population.members} == pytest.approx(standing)


def test_fitness_that_was_not_measured_makes_no_elite_and_no_record() -> None:
    chosen = settings(modules={"population": 4, "species": 2, "distance": 5.0, "elitism": 2}).modules
    population: Population[float] = Population(chosen, Numbers())
    unknown = Species(2, 90.0, (Individual(2, 90.0), Individual(3, 91.0)))
    population.restore([Species(1, 0.0, (Individual(0, 0.0), Individual(1, 1.0))), unknown], 5.0)
    population.evaluate({0: 0.4}, set(), 0)
    described = population.describe()
    assert described["mean_fitness"] == described["best_fitness"] == {"1": 0.4, "2": None}
    assert [(s.best, s.improved) for s in population.species] == [(0.4, 0), (None, 0)]
    population.evolve(0, lambda genome, rng: True, np.random.default_rng(0))
    assert [m.id for m in population.members if m.id <= 3] == [0]
    assert len(population.members) == 4


def test_an_immigrant_takes_the_place_of_the_youngest_that_can_leave() -> None:
    population: Population[float] = Population(settings().modules, Numbers())
    first = Species(1, 0.0, (Individual(0, 0.0), Individual(1, 1.0), Individual(2, 2.0)))
    population.restore([first, Species(2, 9.0, (Individual(3, 9.0),))], 5.0)
    species = population.admit(50.0, 4, {2})
    assert (species.id, species.improved) == (3, 4)
    assert [m.id for m in population.members] == [0, 2, 3, 4]
    assert replace(species.members[0], id=4) == species.members[0]


def test_an_immigrant_takes_the_place_of_a_whole_species_before_the_population_grows() -> None:
    population: Population[float] = Population(settings().modules, Numbers())
    population.restore([Species(i + 1, float(i), (Individual(i, float(i)),)) for i in range(3)], 1.0)
    assert population.admit(50.0, 0, {2}).id == 4
    assert [(s.id, m.id) for s in population.species for m in s.members] == [(1, 0), (3, 2), (4, 3)]
    population.admit(60.0, 0, {0, 2, 3})
    assert [m.id for m in population.members] == [0, 2, 3, 4]
