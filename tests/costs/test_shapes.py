import pytest

from nas_cli.costs.shapes import merge, pool_window, shapes
from nas_cli.errors import ConfigError
from nas_cli.spaces.architecture import Architecture, Node, node


def _shapes(*nodes: Node) -> tuple[tuple[int, ...], ...]:
    return shapes(Architecture(nodes))


def test_same_padding_rounds_sizes_up() -> None:
    known = _shapes(
        node("input", shape=(7, 5, 3)),
        node("conv2d", (0,), filters=8, kernel=4, stride=2),
        node("max_pool", (1,), size=3),
        node("subsample", (1,), size=2),
        node("flatten", (1,)),
        node("global_average_pool", (1,)),
        node("dense", (5,), units=10),
        node("max_pool", (0,), size=3, stride=2),
        node("depthwise_conv2d", (0,), kernel=3, stride=2, multiplier=4),
        node("depthwise_conv2d", (0,), kernel=3, dilation=2),
        node("shift", (0,)),
        node("zeros", (0,)),
        node("zeros", (6,)),
    )
    assert known == ((7, 5, 3), (4, 3, 8), (2, 1, 8), (2, 2, 8), (96,), (8,), (10,), (4, 3, 3), (4, 3, 12)) + (
        ((7, 5, 3),) * 3 + ((10,),)
    )


def test_merge_takes_the_smallest_height_and_width() -> None:
    assert merge("concat", [(8, 3, 4), (4, 9, 5)]) == (4, 3, 9)
    assert merge("sum", [(8, 3, 4), (4, 9, 5)]) == (4, 3, 5)
    assert merge("concat", [(4,), (5,)]) == (9,)
    assert pool_window((9, 9, 1), (4, 9, 1)) == (2, 1)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (node("conv2d", (0,), filters=0, kernel=3), "filters must be a whole number of at least 1, got 0"),
        (node("conv2d", (0,), kernel=3), "lacks its setting 'filters'"),
        (node("conv2d", (0,), filters=1, kernel=3, activation="gelu"), "relu, tanh, sigmoid, linear, got 'gelu'"),
        (node("dense", (0,), units=3), "put 'flatten' or 'global_average_pool' before it"),
        (node("dropout", (0,), rate=1.0), r"rate must be in \[0, 1\), got 1.0"),
        (node("merge", (), mode="sum"), "merge needs inputs"),
        (node("merge", (0, 0), mode="mean"), "'concat' or 'sum', got 'mean'"),
        (node("warp", (0,)), "unknown operation"),
        (node("max_pool", (0,), size=2, stride=0), "stride must be a whole number of at least 1, got 0"),
        (node("depthwise_conv2d", (0,), kernel=3, multiplier=0), "multiplier must be a whole number of at least 1"),
        (node("depthwise_conv2d", (0,), kernel=3, stride=2, dilation=2), "needs stride 1, got dilation 2, stride 2"),
        (node("flatten", (1,)), "must be earlier nodes"),
        (node("flatten", (0, 0)), "must read exactly one node, reads 2"),
    ],
)
def test_impossible_nodes_are_named(broken: Node, message: str) -> None:
    with pytest.raises(ConfigError, match=f"node 1.*{message}"):
        _shapes(node("input", shape=(8, 8, 3)), broken)


def test_maps_and_vectors_cannot_be_merged() -> None:
    with pytest.raises(ConfigError, match="all maps or all vectors"):
        merge("concat", [(8, 8, 3), (10,)])
