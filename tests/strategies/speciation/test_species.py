from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_cli.strategies.speciation.individual import Individual
from nas_cli.strategies.speciation.species import (
    LIMITS,
    Species,
    next_threshold,
    recorded,
    speciate,
    speciate_to_target,
    surviving,
)


def individuals(*genomes: float) -> list[Individual[float]]:
    return [Individual(i, genome) for i, genome in enumerate(genomes)]


def away(first: float, second: float) -> float:
    return abs(first - second)


def genomes(species: Sequence[Species[float]]) -> dict[int, list[float]]:
    return {s.id: [member.genome for member in s.members] for s in species}


def species_with(id: int, *fitness: float, improved: int = 0) -> Species[float]:
    members = tuple(Individual(10 * id + i, 0.0, (), value) for i, value in enumerate(fitness))
    return Species(id, 0.0, members, None, improved)


def test_members_join_the_oldest_near_species_or_found_one() -> None:
    previous = [Species(1, 0.0, ()), Species(2, 1.0, ()), Species(3, 9.0, ())]
    found = speciate(individuals(0.4, 0.6, 1.2, 3.0, 3.1), previous, away, 0.7, 4, 5)
    assert genomes(found) == {1: [0.4, 0.6], 2: [1.2], 4: [3.0, 3.1]}
    assert (found[2].representative, found[2].improved) == (3.0, 5)


@pytest.mark.parametrize("start", [0.01, 90.0, 1.5])
def test_the_threshold_reaches_the_wanted_number_from_either_side(start: float) -> None:
    members = individuals(0.0, 0.1, 5.0, 5.1, 10.0, 10.1)
    species, threshold = speciate_to_target(members, [], away, start, 3, 1, 0)
    assert len(species) == 3
    assert speciate_to_target(members, [], away, threshold, 3, 1, 0) == (species, threshold)


def test_the_threshold_can_fall_and_rise() -> None:
    assert next_threshold(1.0, 2, 4) == pytest.approx(0.95)
    assert next_threshold(1.0, 6, 4) == pytest.approx(1 / 0.95)
    assert next_threshold(1.0, 4, 4) == 1.0


def test_the_threshold_comes_back_from_a_population_of_clones() -> None:
    clones = individuals(*[1.0] * 6)
    species, threshold = speciate_to_target(clones, [], away, 0.3, 3, 1, 0)
    assert len(species) == 1 and threshold == LIMITS[0]
    spread = individuals(0.0, 1.0, 2.0, 3.0, 4.0, 5.0)
    species, threshold = speciate_to_target(spread, species, away, threshold, 3, 2, 1)
    assert 2 <= len(species) <= 4 and threshold > 1


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=20),
    st.integers(1, 6),
    st.floats(*LIMITS),
    st.lists(st.floats(0, 1), max_size=4),
)
def test_everyone_is_in_exactly_one_species(
    values: list[float], target: int, threshold: float, representatives: list[float]
) -> None:
    previous = [Species(i, value, ()) for i, value in enumerate(representatives)]
    members = individuals(*values)
    species, threshold = speciate_to_target(members, previous, away, threshold, target, len(previous), 0)
    assert sorted(m.id for s in species for m in s.members) == list(range(len(members)))
    assert len({s.id for s in species}) == len(species)
    assert all(away(m.genome, s.representative) < threshold for s in species for m in s.members)


def test_improvement_is_remembered() -> None:
    first = recorded(species_with(1, 0.2, 0.5), 3)
    assert (first.best, first.improved) == (0.5, 3)
    assert recorded(replace(first, members=species_with(1, 0.5).members), 4).improved == 3
    assert recorded(replace(first, members=species_with(1, 0.6).members), 4).improved == 4


def test_stagnant_species_go_but_never_the_best_one() -> None:
    stale = [species_with(1, 0.3), species_with(2, 0.9), species_with(3, 0.5, improved=10)]
    assert [s.id for s in surviving(stale, 15, 15)] == [2, 3]
    assert [s.id for s in surviving(stale, 14, 15)] == [1, 2, 3]
    assert [s.id for s in surviving(stale, 99, 15)] == [2]


def test_fitness_of_a_species() -> None:
    species = species_with(1, 0.2, 0.6, 0.6)
    assert species.mean_fitness() == pytest.approx(1.4 / 3)
    assert [member.id for member in species.ranked()] == [11, 12, 10]
