import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_cli.errors import ConfigError
from nas_cli.schema import validate
from nas_cli.spaces.dense import DenseSettings, DenseSpace
from nas_cli.spaces.dense_crossover import cross_genomes, difference
from nas_cli.spaces.dense_genome import Connection, Ends, Genome, Neuron, check_genome, make_genome, network_of
from nas_cli.spaces.dense_mutation import add_connection, add_neuron, free_pairs, minimal, mutate_weights, split
from nas_cli.spaces.neural_network import NeuralNetwork, Unit, network_from_json
from tests.spaces.configured import values
from tests.spaces.contract import SpaceContract, genotypes

ENDS = Ends(2, 1, "sigmoid")


def space(inputs: int = 2, classes: int = 2, **changes: Any) -> DenseSpace:
    return DenseSpace(validate(DenseSettings, {**values("space", "dense"), **changes}), (inputs,), classes)


class TestDense(SpaceContract):
    @pytest.fixture(params=[(2, 2), (13, 1), (4, 3)])
    def space(self, request: pytest.FixtureRequest) -> DenseSpace:
        return space(*request.param, activations=["sigmoid", "tanh"], max_hidden=8)

    def test_every_genotype_has_an_architecture_ending_in_linear_outputs(self, space: DenseSpace) -> None:
        for genotype in genotypes(space):
            network = space.architecture(genotype)
            assert network.inputs == space.input_shape[0]
            assert network.outputs == (space.classes if space.classes > 2 else 1)
            assert {unit.activation for unit in network.units} == {"linear" if space.classes == 1 else "sigmoid"}
            assert network_from_json(json.loads(json.dumps(network.to_json()))) == network

    def test_every_layer_is_read_by_a_later_one(self, space: DenseSpace) -> None:
        rng, genotype = np.random.default_rng(0), space.sample(np.random.default_rng(0))
        for _ in range(60):
            genotype = space.mutate(genotype, rng)
            network = space.architecture(genotype)
            read = {position for unit in network.units for position, _ in unit.reads}
            hidden = range(network.inputs, network.inputs + len(network.units) - network.outputs)
            assert read.issuperset(hidden)


def two_to_one(*extra: Connection) -> Genome:
    """The minimal network of two inputs and one output, and more connections."""
    return make_genome([Neuron(2, 0.5, "sigmoid")], [Connection(3, 0, 2, 1.0), Connection(4, 1, 2, -2.0), *extra])


def grown(seed: int, steps: int, register: Any = None) -> Genome:
    dense, rng = space(), np.random.default_rng(seed)
    register = register or dense.innovations()
    genome = minimal(dense.settings, dense.ends, rng)
    for _ in range(steps):
        if rng.random() < 0.5:
            genome = add_neuron(genome, dense.settings, dense.ends, rng, register) or genome
        else:
            genome = add_connection(genome, dense.settings, dense.ends, rng, register) or genome
        genome = mutate_weights(genome, dense.settings, 0.9, rng)
    return genome


def test_a_split_keeps_the_old_connection_disabled_and_the_function_near() -> None:
    register = space().innovations()
    genome = split(two_to_one(), Connection(4, 1, 2, -2.0), "tanh", register)
    assert genome.nodes == (Neuron(2, 0.5, "sigmoid"), Neuron(5, 0.0, "tanh"))
    assert genome.links == (
        Connection(3, 0, 2, 1.0),
        Connection(4, 1, 2, -2.0, False),
        Connection(6, 1, 5, 1.0),
        Connection(7, 5, 2, -2.0),
    )
    again = split(two_to_one(), Connection(4, 1, 2, -2.0), "tanh", register)
    assert [link.mark for link in again.links] == [3, 4, 6, 7]
    register.next_generation()
    later = split(two_to_one(), Connection(4, 1, 2, -2.0), "tanh", register)
    assert [link.mark for link in later.links] == [3, 4, 9, 10]


def test_the_network_has_the_enabled_connections_and_what_reaches_an_output() -> None:
    genome = make_genome(
        [Neuron(2, 0.5, "sigmoid"), Neuron(5, 0.1, "tanh"), Neuron(8, 0.2, "tanh"), Neuron(9, 0.3, "tanh")],
        [
            Connection(3, 0, 2, 1.0, False),
            Connection(6, 0, 8, 3.0),
            Connection(7, 8, 5, 4.0),
            Connection(10, 5, 2, 5.0),
            Connection(11, 1, 9, 6.0),
        ],
    )
    network = network_of(genome, ENDS)
    assert network == NeuralNetwork(
        2,
        (Unit(0.2, "tanh", ((0, 3.0),)), Unit(0.1, "tanh", ((2, 4.0),)), Unit(0.5, "sigmoid", ((3, 5.0),))),
        1,
    )
    assert network.cost() == {"macs": 3, "flops": 6, "params": 6}


def test_the_distance_counts_excess_disjoint_and_matching_genes() -> None:
    first = two_to_one(Connection(6, 0, 5, 1.0), Connection(9, 1, 5, 1.0))
    second = make_genome(
        [Neuron(2, 1.0, "sigmoid")], [Connection(3, 0, 2, 2.0), Connection(7, 0, 5, 1.0), Connection(4, 1, 2, -2.0)]
    )
    found = difference(first, second)
    # 6 lies inside 3…7, 7 inside 3…9; 9 beyond; matching weights differ by 1 and 0, biases by 0.5
    assert (found.excess, found.disjoint, found.larger) == (1, 2, 4)
    assert found.weights == pytest.approx(0.5)
    assert difference(second, first) == found
    assert difference(first, first).weights == 0


def test_disjoint_and_excess_genes_come_from_the_fitter_parent_or_from_both_equals() -> None:
    register = space().innovations()
    plain = two_to_one()
    larger = split(plain, plain.links[0], "sigmoid", register)
    rng = np.random.default_rng(0)
    limits: dict[str, Any] = {"stay_disabled": 1.0, "max_nodes": 10}
    assert len(cross_genomes(plain, larger, rng, equal=False, **limits).links) == 2
    assert cross_genomes(larger, plain, rng, equal=False, **limits) == larger
    assert cross_genomes(plain, larger, rng, equal=True, **limits) == larger
    assert len(cross_genomes(plain, larger, rng, equal=True, stay_disabled=1.0, max_nodes=1).links) == 2


def test_a_connection_disabled_in_a_parent_is_disabled_in_three_of_four_children() -> None:
    on, off = (
        two_to_one(),
        make_genome([Neuron(2, 0.5, "sigmoid")], [Connection(3, 0, 2, 1.0, False), Connection(4, 1, 2, -2.0)]),
    )
    rng = np.random.default_rng(0)
    children = [cross_genomes(on, off, rng, equal=False, stay_disabled=0.75, max_nodes=9) for _ in range(2000)]
    assert sum(not child.links[0].enabled for child in children) / 2000 == pytest.approx(0.75, abs=0.03)
    assert all(child.links[1].enabled for child in children)


@given(st.integers(0, 999), st.integers(0, 12), st.integers(0, 12), st.booleans())
def test_children_of_any_two_relatives_are_sound(seed: int, first: int, second: int, equal: bool) -> None:
    register = space().innovations()
    parents = grown(seed, first, register), grown(seed + 1, second, register)
    rng = np.random.default_rng(seed)
    child = cross_genomes(*parents, rng, equal=equal, stay_disabled=0.5, max_nodes=100)
    check_genome(child, ENDS)
    check_genome(grown(seed, first), ENDS)
    assert {link.mark for link in child.links} >= {link.mark for link in parents[0].links}
    network_from_json(network_of(child, ENDS).to_json())


def test_free_pairs_close_no_cycle() -> None:
    genome = split(two_to_one(), Connection(3, 0, 2, 1.0), "sigmoid", space().innovations())
    assert free_pairs(genome, ENDS) == [(1, 5)]


def test_room_for_hidden_neurons_ends() -> None:
    small = space(max_hidden=1)
    genome = small.sample(np.random.default_rng(0))
    for seed in range(30):
        genome = small.mutate(genome, np.random.default_rng(seed))
    assert len(genome.nodes) == 2


def test_images_are_refused_with_the_spaces_that_suit() -> None:
    with pytest.raises(ConfigError, match="thesis_small"):
        DenseSpace(space().settings, (28, 28, 1), 10)


@pytest.mark.parametrize(
    ("key", "value"), [("activations", []), ("activations", ["swish"]), ("max_memory_gb", 1.0), ("weight_step", 0.0)]
)
def test_impossible_settings_are_refused(key: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=key):
        space(**{key: value})


@pytest.mark.parametrize(
    "damage",
    [
        {"links": [[3, 0, 2, 1.0, True], [3, 1, 2, 1.0, True]]},
        {"links": [[3, 0, 7, 1.0, True]]},
        {"links": [[3, 2, 2, 1.0, True]]},
        {"links": [[3, 0, 2, float("nan"), True]]},
        {"nodes": [[5, 0.0, "sigmoid"]]},
        {"nodes": [[2, 0.0, "swish"]]},
        {
            "nodes": [[2, 0.0, "sigmoid"], [5, 0.0, "sigmoid"], [6, 0.0, "sigmoid"]],
            "links": [[3, 5, 6, 1.0, True], [4, 6, 5, 1.0, False]],
        },
    ],
)
def test_unsound_genomes_are_one_clear_error(damage: dict[str, Any]) -> None:
    sound = {"nodes": [[2, 0.0, "sigmoid"]], "links": [[3, 0, 2, 1.0, True]]}
    assert space().decode(sound)
    with pytest.raises(ConfigError, match="genome"):
        space().decode({**sound, **damage})


@pytest.mark.parametrize(
    "neurons",
    [
        [{"bias": 0.0, "activation": "sigmoid", "reads": [[2, 1.0]]}],
        [{"bias": 0.0, "activation": "swish", "reads": [[0, 1.0]]}],
        [{"bias": float("inf"), "activation": "sigmoid", "reads": []}],
        [],
    ],
)
def test_unsound_networks_are_one_clear_error(neurons: list[Any]) -> None:
    with pytest.raises(ConfigError, match="neur"):
        network_from_json({"inputs": 2, "neurons": neurons, "outputs": 1})
