"""What every space must do; a test class inherits this and gives the `space` fixture."""

import itertools
import json
from typing import Any

import numpy as np
import pytest

from nas_cli.errors import ConfigError
from nas_cli.spaces.architecture import from_json

SAMPLES = 40


def genotypes(space: Any, seed: int = 0, count: int = SAMPLES) -> list[Any]:
    rng = np.random.default_rng(seed)
    return [space.sample(rng) for _ in range(count)]


class SpaceContract:
    @pytest.fixture
    def space(self) -> Any:
        raise NotImplementedError

    def test_same_seed_same_samples(self, space: Any) -> None:
        assert genotypes(space) == genotypes(space)
        assert genotypes(space) != genotypes(space, seed=1)

    def test_genotype_survives_json(self, space: Any) -> None:
        for genotype in genotypes(space):
            assert space.decode(json.loads(json.dumps(space.encode(genotype)))) == genotype

    @pytest.mark.parametrize("damaged", [None, 3, [], {}, {"blueprint": {}}, "text"])
    def test_damaged_json_is_one_clear_error(self, space: Any, damaged: Any) -> None:
        with pytest.raises(ConfigError):
            space.decode(damaged)

    def test_every_genotype_has_an_architecture_ending_in_linear_outputs(self, space: Any) -> None:
        for genotype in genotypes(space):
            architecture = space.architecture(genotype)
            assert architecture.input_shape == space.input_shape
            last = architecture.nodes[-1]
            assert (last.op, last["activation"], last["units"]) == ("dense", "linear", space.classes)
            assert from_json(json.loads(json.dumps(architecture.to_json()))) == architecture

    def test_every_layer_is_read_by_a_later_one(self, space: Any) -> None:
        for genotype in genotypes(space):
            nodes = space.architecture(genotype).nodes
            assert {source for n in nodes for source in n.inputs} == set(range(len(nodes) - 1))

    def test_mutation_changes_the_genotype_and_is_repeatable(self, space: Any) -> None:
        for seed, genotype in enumerate(genotypes(space)):
            changed = [space.mutate(genotype, np.random.default_rng(seed)) for _ in range(2)]
            assert changed[0] == changed[1] != genotype
            space.architecture(changed[0])

    def test_long_chains_of_mutations_stay_inside_the_space(self, space: Any) -> None:
        rng = np.random.default_rng(0)
        genotype = space.sample(rng)
        for _ in range(100):
            genotype = space.mutate(genotype, rng)
            assert space.decode(space.encode(genotype)) == genotype
        space.architecture(genotype)

    def test_children_have_architectures_and_are_repeatable(self, space: Any) -> None:
        for first, second in itertools.pairwise(genotypes(space)):
            children = [space.cross(first, second, np.random.default_rng(0)) for _ in range(2)]
            assert children[0] == children[1]
            assert space.decode(space.encode(children[0])) == children[0]
            space.architecture(children[0])

    def test_child_of_one_parent_is_that_parent(self, space: Any) -> None:
        for genotype in genotypes(space, count=5):
            assert space.cross(genotype, genotype, np.random.default_rng(0)) == genotype

    def test_neighbours_are_different_genotypes_in_a_fixed_order(self, space: Any) -> None:
        for genotype in genotypes(space, count=3):
            near = list(space.neighbours(genotype))
            assert near and genotype not in near and len(set(near)) == len(near)
            assert near == list(space.neighbours(genotype))
            for other in near[:: max(1, len(near) // 20)]:
                space.architecture(other)

    def test_size_is_a_count_or_unknown(self, space: Any) -> None:
        assert space.size() is None or space.size() >= 1
