from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.shapes import shapes
from nas_cli.errors import ConfigError
from nas_cli.spaces.architecture import Architecture
from tests.spaces.configured import registered
from tests.spaces.contract import SpaceContract

ALL = ("conv", "separable", "mbconv")
IMAGES = registered("chain", (32, 32, 3), operations=ALL)
VECTORS = registered("chain", (13,), 1)


class TestChain(SpaceContract):
    @pytest.fixture(params=[(28, 28, 1), (32, 32, 3), (5, 3, 1), (13,)])
    def space(self, request: pytest.FixtureRequest) -> Any:
        return registered("chain", request.param, operations=ALL)


def _network(space: Any, **chosen: Any) -> Architecture:
    """That of a sample whose decisions are changed to the chosen ones."""
    values = space.encode(space.sample(np.random.default_rng(0)))
    assert set(chosen) <= set(values)
    architecture: Architecture = space.architecture(space.decode(values | chosen))
    return architecture


def _block(operation: str, kernel: int, filters: int, reduction: str, number: int = 1) -> dict[str, Any]:
    values = {"operation": operation, "kernel": kernel, "filters": filters, "reduction": reduction}
    return {f"block_{number}_{key}": value for key, value in values.items()}


SHORT = {"blocks": 1, "head": "global_average_pool", "dense_layers": 0, "batch_norm": False, "dropout": 0.0}


def test_layers_of_a_network_by_hand() -> None:
    first, second = _block("conv", 5, 32, "max_pool"), _block("separable", 3, 64, "stride", 2)
    dense = {"dense_layers": 1, "dense_1_units": 128, "dropout": 0.5, "head": "flatten", "batch_norm": True}
    architecture = _network(IMAGES, **{**SHORT, **first, **second, **dense, "blocks": 2})
    assert [n.op for n in architecture.nodes] == (
        ["input", "conv2d", "batch_norm", "activation", "max_pool"]
        + ["depthwise_conv2d", "conv2d", "batch_norm", "activation"]
        + ["flatten", "dense", "batch_norm", "activation", "dropout", "dense"]
    )
    known = shapes(architecture)
    assert (known[4], known[8], known[9]) == ((16, 16, 32), (8, 8, 64), (4096,))
    assert not architecture.nodes[1]["use_bias"]


@pytest.mark.parametrize(
    ("operation", "batch_norm", "params"),
    [
        ("conv", False, 9 * 3 * 16 + 16),
        ("conv", True, 9 * 3 * 16 + 4 * 16),
        ("separable", False, 9 * 3 + 3 * 16 + 16),
        ("mbconv", False, (3 * 12 + 12) + (9 * 12 + 12) + (12 * 16 + 16)),
        ("mbconv", True, (3 * 12 + 4 * 12) + (9 * 12 + 4 * 12) + (12 * 16 + 4 * 16)),
    ],
)
def test_parameters_of_each_operation_by_hand(operation: str, batch_norm: bool, params: int) -> None:
    one = _network(IMAGES, **{**SHORT, **_block(operation, 3, 16, "none"), "batch_norm": batch_norm})
    assert architecture_cost(one).params == params + 16 * 10 + 10


def test_a_bottleneck_has_a_way_around_where_shapes_agree() -> None:
    blocks = _block("conv", 3, 16, "none") | _block("mbconv", 3, 16, "none", 2)
    assert _network(IMAGES, **{**SHORT, **blocks, "blocks": 2}).nodes[-3].op == "merge"
    for other in (_block("mbconv", 3, 24, "none", 2), _block("mbconv", 3, 16, "stride", 2)):
        ops = [n.op for n in _network(IMAGES, **{**SHORT, **blocks, **other, "blocks": 2}).nodes]
        assert "merge" not in ops


def test_vectors_get_dense_layers_alone() -> None:
    chosen = {"dense_layers": 2, "dense_1_units": 64, "dense_2_units": 32, "batch_norm": False, "dropout": 0.0}
    cost = architecture_cost(_network(VECTORS, **chosen))
    assert cost.params == (13 * 64 + 64) + (64 * 32 + 32) + (32 + 1)
    assert not any(name.startswith("block") for name in VECTORS.encode(VECTORS.sample(np.random.default_rng(0))))


def test_reductions_below_two_by_two_are_left_out() -> None:
    for reduction in ("stride", "max_pool", "average_pool"):
        blocks = {key: v for number in range(1, 7) for key, v in _block("conv", 3, 16, reduction, number).items()}
        sides = [shape[0] for shape in shapes(_network(IMAGES, **{**SHORT, **blocks, "blocks": 6})) if len(shape) == 3]
        assert sides[-1] == 2


def test_decisions_of_missing_blocks_do_not_count() -> None:
    values = IMAGES.encode(IMAGES.sample(np.random.default_rng(0))) | {"blocks": 2, "dense_layers": 0}
    genotype = IMAGES.decode(values)
    other = IMAGES.decode(values | {"block_3_filters": 128, "dense_1_units": 256})
    assert IMAGES.point(genotype) == IMAGES.point(other)
    assert IMAGES.architecture(genotype) == IMAGES.architecture(other)
    names = dict(IMAGES.point(genotype).values)
    assert "block_2_filters" in names and "block_3_filters" not in names


@given(st.integers(0, 2**32 - 1), st.sampled_from([IMAGES, VECTORS, registered("chain", (28, 28, 1))]))
@settings(max_examples=60, deadline=None)
def test_changes_are_changes_and_networks_are_valid(seed: int, space: Any) -> None:
    rng = np.random.default_rng(seed)
    genotype = space.sample(rng)
    assert space.decode(space.encode(genotype)) == genotype
    near = list(space.neighbours(genotype))
    assert near and len(set(near)) == len(near) and genotype not in near
    changed = space.mutate(genotype, rng)
    assert sum(a != b for a, b in zip(genotype, changed, strict=True)) == 1
    for one in (genotype, changed, space.cross(genotype, changed, rng), near[0]):
        assert shapes(space.architecture(one))[-1] == (space.classes,)
        assert space.architecture(one).digest() == space.architecture(tuple(one)).digest()


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3)])
def test_the_default_limits_leave_room_for_samples(shape: tuple[int, ...]) -> None:
    space, rng = registered("chain", shape), np.random.default_rng(0)
    costs = [architecture_cost(space.architecture(space.sample(rng))) for _ in range(200)]
    limits = space.settings
    assert sum(c.flops <= limits.max_flops and c.params <= limits.max_params for c in costs) > 0.7 * len(costs)


@pytest.mark.parametrize(("key", "value"), [("kernels", ()), ("filters", (16, 16)), ("dropout", (0.5, 0.5))])
def test_empty_or_repeated_choices_are_refused(key: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=f"space.{key}"):
        registered("chain", **{key: value})


def test_inputs_of_another_kind_are_refused() -> None:
    with pytest.raises(ConfigError, match="needs images .* or vectors"):
        registered("chain", (16, 3))
