from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.shapes import shapes
from nas_cli.errors import ConfigError
from nas_cli.spaces.genotype import Blueprint, Genotype, Module, assemble
from nas_cli.spaces.graph_mutation import split_link
from nas_cli.spaces.innovations import Innovations
from nas_cli.spaces.layer import Layer
from nas_cli.spaces.modular import ModularSpace
from nas_cli.spaces.modular_mutation import grow
from tests.spaces.configured import settings, space
from tests.spaces.contract import SpaceContract, genotypes


class TestThesisSmall(SpaceContract):
    @pytest.fixture(params=[(28, 28, 1), (32, 32, 3)])
    def space(self, request: pytest.FixtureRequest) -> ModularSpace:
        return space("thesis_small", request.param)


class TestThesisLarge(SpaceContract):
    @pytest.fixture
    def space(self) -> ModularSpace:
        return space("thesis_large", (64, 64, 3), 100)


class TestTinyImagesWithEveryOption(SpaceContract):
    @pytest.fixture
    def space(self) -> ModularSpace:
        options = {"batch_norm": True, "merge": "sum", "head": "global_average_pool", "max_module_layers": 4}
        return space("thesis_small", (5, 3, 1), 1, extra_layers=0.7, extra_links=0.5, **options)


def chain_of(*layers: Layer, head: tuple[int, ...] = (32,)) -> Genotype:
    """A network of one module with these layers one after another."""
    innovations, rng = Innovations(), np.random.default_rng(0)
    module: Module = grow([], 0.0, rng, innovations)
    for layer in layers:
        module = split_link(module, module.links[-1], layer, innovations)
    return assemble(Blueprint(grow([7], 0.0, rng, Innovations()), head), {7: module})


def test_layers_of_a_network_by_hand() -> None:
    genotype = chain_of(Layer(20, 3, "max_pool"), Layer(30, 5, "dropout", 0.25), Layer(40, 1, "dropout", 0.0))
    architecture = space().architecture(genotype)
    ops = [n.op for n in architecture.nodes]
    assert ops == ["input", "conv2d", "max_pool", "conv2d", "dropout", "conv2d", "flatten", "dense", "dense"]
    assert shapes(architecture)[-3:] == ((14 * 14 * 40,), (32,), (10,))
    conv = architecture.nodes[3]
    assert (conv["filters"], conv["kernel"], conv["activation"], conv["use_bias"]) == (30, 5, "relu", True)


def test_pooling_below_two_by_two_is_left_out() -> None:
    architecture = space().architecture(chain_of(*[Layer(16, 1, "max_pool")] * 6))
    assert sum(n.op == "max_pool" for n in architecture.nodes) == 4  # 28, 14, 7, 4, 2
    assert min(side for shape in shapes(architecture) if len(shape) == 3 for side in shape[:2]) == 2


def test_batch_norm_sits_between_convolution_and_relu() -> None:
    nodes = space(batch_norm=True).architecture(chain_of(Layer(16, 3, "none"))).nodes
    assert [n.op for n in nodes[1:4]] == ["conv2d", "batch_norm", "activation"]
    assert (nodes[1]["activation"], nodes[1]["use_bias"]) == ("linear", False)


def test_all_nodes_of_a_species_use_one_module() -> None:
    graph = grow([5, 5, 9], 0.0, np.random.default_rng(0), Innovations())
    modules = {
        species: grow([Layer(filters, 3, "none")], 0.0, np.random.default_rng(0), Innovations())
        for species, filters in ((5, 20), (9, 40), (11, 60))
    }
    genotype = assemble(Blueprint(graph, (32,)), modules)
    filters = [n["filters"] for n in space().architecture(genotype).nodes if n.op == "conv2d"]
    assert sorted(filters) == [20, 20, 40]
    assert [species for species, _ in genotype.modules] == [5, 9]


def test_assembly_without_a_module_says_which_is_missing() -> None:
    graph = grow([5], 0.0, np.random.default_rng(0), Innovations())
    with pytest.raises(ConfigError, match=r"\[5\].*\[3\]"):
        assemble(
            Blueprint(graph, (32,)), {3: grow([Layer(16, 3, "none")], 0.0, np.random.default_rng(0), Innovations())}
        )


def test_graphs_respect_their_limits() -> None:
    small = space(extra_layers=0.9, max_module_layers=3, max_blueprint_nodes=4)
    rng, genotype = np.random.default_rng(0), None
    for sampled in genotypes(small):
        genotype = small.mutate(genotype or sampled, rng)
        for one in (sampled, genotype):
            assert 1 <= len(one.blueprint.graph.nodes) <= 4
            assert all(1 <= len(module.nodes) <= 3 for _, module in one.modules)


@pytest.mark.parametrize(("name", "shape"), [("thesis_small", (28, 28, 1)), ("thesis_large", (32, 32, 3))])
def test_no_sample_is_cheaper_than_the_cheapest_chains(name: str, shape: tuple[int, ...]) -> None:
    modular = space(name, shape)
    least = [architecture_cost(modular.architecture(genotype)) for genotype in modular.smallest()]
    for genotype in genotypes(modular, count=150):
        cost = architecture_cost(modular.architecture(genotype))
        assert cost.flops >= min(c.flops for c in least)
        assert cost.params >= min(c.params for c in least)


@pytest.mark.parametrize(
    ("name", "shape", "share"),
    [("thesis_small", (28, 28, 1), 0.5), ("thesis_small", (32, 32, 3), 0.4), ("thesis_large", (64, 64, 3), 0.05)],
)
def test_the_default_limits_leave_room_for_samples(name: str, shape: tuple[int, ...], share: float) -> None:
    modular = space(name, shape)
    costs = [architecture_cost(modular.architecture(genotype)) for genotype in genotypes(modular, count=300)]
    limits = modular.settings
    fit = [c.flops <= (limits.max_flops or 0) and c.params <= (limits.max_params or 0) for c in costs]
    assert sum(fit) / len(fit) > share


def test_tables_are_refused() -> None:
    with pytest.raises(ConfigError, match="needs images"):
        ModularSpace(settings(), (13,), 1)


@pytest.mark.parametrize(
    ("key", "value"), [("filters", (40, 20)), ("dropout", (0.5, 0.1)), ("kernels", ()), ("kernels", (3, 3))]
)
def test_impossible_ranges_are_refused(key: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=f"space.{key}"):
        replace(settings(), **{key: value})


def test_places_name_the_origin_of_every_convolution() -> None:
    """Also where a module stands at several blueprint nodes, and where pooling is left out."""
    several = space(module_species=2, extra_layers=0.9, extra_links=0.5)
    repeated = False
    for seed in range(30):
        genotype = several.sample(np.random.default_rng(seed))
        nodes = several.architecture(genotype).nodes
        places = several.places(genotype)
        assert [place.layer for place in places] == [f"conv2d_{i}" for i, n in enumerate(nodes) if n.op == "conv2d"]
        for place in places:
            layer = genotype.module(place.species).value(place.mark)
            found = nodes[int(place.layer.removeprefix("conv2d_"))]
            assert (found["filters"], found["kernel"]) == (layer.filters, layer.kernel)
            assert genotype.blueprint.graph.value(place.node) == place.species
        assert len({(place.node, place.mark) for place in places}) == len(places)
        repeated = repeated or len({place.node for place in places}) > len({place.species for place in places})
    assert repeated
