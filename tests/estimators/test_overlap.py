"""Weights that two different networks have in common."""

import numpy as np

from nas_cli.estimators.overlap import take_overlap
from nas_cli.models.builder import build
from nas_cli.spaces.architecture import Architecture, node


def network(first: int, kernel: int, extra: bool = False, tail: str = "flatten") -> Architecture:
    nodes = [node("input", shape=(6, 6, 1)), node("conv2d", (0,), filters=first, kernel=kernel, activation="relu")]
    if extra:
        nodes.append(node("batch_norm", (1,)))
    nodes += [node(tail, (len(nodes) - 1,)), node("dense", (len(nodes),), units=3)]
    return Architecture(tuple(nodes))


def test_the_common_part_is_copied_and_centres_meet() -> None:
    parent, child = build(network(4, 3)), build(network(6, 5, tail="global_average_pool"))
    given, fresh = parent.get_layer("conv2d_1").get_weights()[0], child.get_layer("conv2d_1").get_weights()[0]
    assert take_overlap(parent, child) == 2
    now = child.get_layer("conv2d_1").get_weights()[0]
    np.testing.assert_array_equal(now[1:4, 1:4, :, :4], given)
    np.testing.assert_array_equal(now[0], fresh[0])
    np.testing.assert_array_equal(now[..., 4:], fresh[..., 4:])
    ours, theirs = (model.layers[-1].get_weights()[0] for model in (child, parent))
    np.testing.assert_array_equal(ours[:6], theirs[:6])


def test_behind_a_flattened_map_of_another_size_nothing_is_copied() -> None:
    parent, child = build(network(4, 3)), build(network(6, 3))
    before = child.layers[-1].get_weights()[0]
    assert take_overlap(parent, child) == 1
    np.testing.assert_array_equal(child.layers[-1].get_weights()[0], before)


def test_an_inserted_layer_is_passed_over() -> None:
    parent, child = build(network(4, 3)), build(network(4, 3, extra=True))
    assert take_overlap(parent, child) == 2
    np.testing.assert_array_equal(child.layers[-1].get_weights()[0], parent.layers[-1].get_weights()[0])
