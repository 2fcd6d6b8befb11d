from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_cli.spaces.genotype import Blueprint, Module, blueprint_to_json, module_to_json
from nas_cli.spaces.graph import Graph, check_graph
from nas_cli.spaces.graph_mutation import bare, split_link
from nas_cli.spaces.innovations import Innovations
from nas_cli.spaces.layer import Layer
from nas_cli.strategies.codeepneat.attribution import attribute
from nas_cli.strategies.codeepneat.blueprints import BlueprintOperators, heirs, redirected
from nas_cli.strategies.codeepneat.modules import ModuleOperators
from nas_cli.strategies.speciation.failures import network_fitness
from tests.spaces.configured import settings as space_settings
from tests.spaces.configured import space
from tests.strategies.codeepneat.configured import settings

SPACE = space_settings(max_module_layers=4, extra_layers=0.6, extra_links=0.3)
SPECIES = (1, 2, 5)


def operators(innovations: Innovations | None = None) -> tuple[ModuleOperators, BlueprintOperators]:
    register = innovations or Innovations.after([module(*[Layer(16, 3, "none")] * 4)])
    blueprints = BlueprintOperators(SPACE, settings().blueprints, register)
    blueprints.species = SPECIES
    return ModuleOperators(SPACE, 0.5, register), blueprints


def module(*layers: Layer) -> Module:
    innovations = Innovations()
    graph: Module = bare(innovations)
    for layer in layers:
        graph = split_link(graph, graph.links[-1], layer, innovations)
    return graph


def blueprint(*species: int, head: tuple[int, ...] = (100,)) -> Blueprint:
    innovations = Innovations()
    graph: Graph[int] = bare(innovations)
    for value in species:
        graph = split_link(graph, graph.links[-1], value, innovations)
    return Blueprint(graph, head)


def test_module_distance_by_hand() -> None:
    distance = operators()[0].distance
    one, two = Layer(20, 3, "none"), Layer(40, 3, "none")
    assert distance(module(one), module(one)) == 0
    assert distance(module(one), module(two)) == pytest.approx(1 - 2.5 / 3)
    # Second layer: matching are node 3 and link 4; not node 6 and links 7, 8 against link 5.
    assert distance(module(one), module(two, one)) == pytest.approx(1 - (1 - 4 / 6) * 2.5 / 3)


def test_blueprint_distance_by_hand() -> None:
    distance = operators()[1].distance
    assert distance(blueprint(1), blueprint(1)) == 0
    assert distance(blueprint(1), blueprint(2)) == pytest.approx(0.4 * (1 + 0) / 2)
    assert distance(blueprint(1), blueprint(1, head=(50,))) == pytest.approx(0.4 * (0 + 0.5) / 2)
    # Larger graph: nodes 3, 6, links 4, 7, 8; of the others 5 is disjoint, and 6, 7, 8 are excess.
    assert distance(blueprint(1), blueprint(1, 2)) == pytest.approx(3 / 5 + 1 / 5)


seeds = st.integers(0, 10_000)


@given(seeds, seeds, seeds, st.booleans())
def test_modules_stay_sound_and_distances_in_range(one: int, two: int, seed: int, equal: bool) -> None:
    register, modular = Innovations(), space(max_module_layers=4, extra_layers=0.6)
    ops = operators(register)[0]
    first = modular.sample_module(np.random.default_rng(one), register)
    second = modular.sample_module(np.random.default_rng(two), register)
    assert 0 <= ops.distance(first, second) <= 1
    assert ops.distance(first, second) == pytest.approx(ops.distance(second, first))
    rng = np.random.default_rng(seed)
    for child in (ops.mutate(first, rng), ops.cross(first, second, equal, rng)):
        check_graph(child)
        assert 1 <= len(child.nodes) <= 4
    assert ops.mutate(first, rng) != first


@given(seeds, seeds, seeds, st.booleans())
def test_blueprints_stay_sound(one: int, two: int, seed: int, equal: bool) -> None:
    register, modular = Innovations(), space()
    ops = operators(register)[1]
    first = modular.sample_blueprint(np.random.default_rng(one), register, SPECIES)
    second = modular.sample_blueprint(np.random.default_rng(two), register, SPECIES)
    assert ops.distance(first, second) == pytest.approx(ops.distance(second, first))
    rng = np.random.default_rng(seed)
    for child in (ops.mutate(first, rng), ops.cross(first, second, equal, rng)):
        check_graph(child.graph)
        assert set(child.species()) <= set(SPECIES)
        assert 1 <= len(child.graph.nodes) <= modular.settings.max_blueprint_nodes
        assert len(child.head) == 1
    assert ops.mutate(first, rng) != first


def test_frequencies_of_blueprint_operators() -> None:
    ops, start = operators()[1], Blueprint(blueprint(1, 2, 5).graph, (100,))
    with_skip = Blueprint(ops.mutate(start, np.random.default_rng(0)).graph, (100,))
    rng, kinds = np.random.default_rng(1), Counter[str]()
    while len(with_skip.graph.links) != 5 or len(with_skip.graph.nodes) != 3:
        with_skip = ops.mutate(start, rng)
    for _ in range(3000):
        child = ops.mutate(with_skip, rng)
        nodes = len(child.graph.nodes) - 3
        links = len(child.graph.links) - 5
        kind = {1: "add_node", -1: "remove_node"}.get(nodes) or {1: "add_connection", -1: "remove_connection"}.get(
            links
        )
        kinds[kind or ("head" if child.head != with_skip.head else "species")] += 1
    shares = {kind: count / 3000 for kind, count in kinds.items()}
    wanted = {
        "add_connection": 0.2,
        "add_node": 0.2,
        "remove_connection": 0.05,
        "remove_node": 0.05,
        "species": 0.3,
        "head": 0.1,
    }
    assert shares == pytest.approx({kind: share / 0.9 for kind, share in wanted.items()}, abs=0.03)


def test_operator_that_cannot_apply_gives_way_to_another() -> None:
    only = settings(blueprints={"add_connection": 0.0, "add_node": 1.0, "change_species": 0.001, "mutate_head": 0.0})
    ops = BlueprintOperators(
        space_settings(max_blueprint_nodes=1), only.blueprints, Innovations.after([blueprint(1).graph])
    )
    ops.species = SPECIES
    child = ops.mutate(blueprint(1), np.random.default_rng(0))
    assert child.species() in ((2,), (5,))


def test_extinct_species_are_replaced_by_the_nearest() -> None:
    distance = operators()[0].distance
    gone = {4: module(Layer(60, 5, "none")), 6: module(Layer(20, 1, "max_pool"))}
    present = {9: module(Layer(16, 1, "max_pool")), 7: module(Layer(68, 5, "none"))}
    heir = heirs(gone, present, distance)
    assert heir == {4: 7, 6: 9}
    changed = redirected(blueprint(4, 7, 6), heir)
    assert changed.graph.values() == (7, 7, 9)
    assert changed.graph.links == blueprint(4, 7, 6).graph.links


def test_fitness_goes_to_every_part_once_per_network() -> None:
    networks = [(0.8, [1, 2, 2]), (0.4, [1]), (0.9, [3])]
    assert attribute(networks, "mean") == pytest.approx({1: 0.6, 2: 0.8, 3: 0.9})
    assert attribute(networks, "max") == {1: 0.8, 2: 0.8, 3: 0.9}


def test_failed_networks_have_fitness_zero_or_the_worst_so_far() -> None:
    inf = float("inf")
    assert network_fitness([0.5, None, float("nan"), inf], inf) == [0.5, 0.0, 0.0, 0.0]
    assert network_fitness([-2.0, None], inf) == [-2.0, -2.0]
    assert network_fitness([-2.0, None], -7.0) == [-2.0, -7.0]


def test_genomes_are_plain_json() -> None:
    assert blueprint_to_json(blueprint(4)) == {
        "graph": {"nodes": [[3, 4]], "links": [[4, 0, 3], [5, 3, 1]]},
        "head": [100],
    }
    assert module_to_json(module(Layer(20, 3, "dropout", 0.2)))["nodes"] == [[3, [20, 3, "dropout", 0.2]]]
