import numpy as np

from nas_cli.oneshot.derive import derive_cells, derive_edges
from nas_cli.oneshot.supernet import all_edges, groups

OPERATIONS = ("none", "max_pool_3x3", "skip_connect")


def test_each_node_keeps_its_two_strongest_edges_by_hand() -> None:
    """Edges (0,2) (1,2) | (0,3) (1,3) (2,3): of node 3, that with the most 'none' is the weakest but by it."""
    gamma = np.array(
        [[0.1, 0.5, 0.4], [0.8, 0.05, 0.15], [0.0, 0.4, 0.6], [0.9, 0.09, 0.01], [0.3, 0.6, 0.1]], np.float32
    )
    cells = derive_cells([gamma, gamma[:, [0, 2, 1]]], all_edges(2, 2), OPERATIONS)
    assert cells.normal == (("max_pool_3x3", 0), ("skip_connect", 1), ("skip_connect", 0), ("max_pool_3x3", 2))
    assert cells.reduction == (("skip_connect", 0), ("max_pool_3x3", 1), ("max_pool_3x3", 0), ("skip_connect", 2))


def test_of_equal_edges_the_first_are_kept() -> None:
    cells = derive_cells([np.full((5, 3), 1 / 3)] * 2, all_edges(2, 2), OPERATIONS)
    assert cells.normal == (("max_pool_3x3", 0), ("max_pool_3x3", 1)) * 2


def test_none_is_taken_on_edges_only_where_it_is_allowed() -> None:
    gamma = np.array([[0.5, 0.2, 0.3], [0.1, 0.6, 0.3]])
    assert derive_edges(gamma, OPERATIONS) == ("none", "max_pool_3x3")
    assert derive_edges(gamma, OPERATIONS, allow_none=False) == ("skip_connect", "max_pool_3x3")


def test_edges_are_those_of_darts_in_its_order() -> None:
    assert len(all_edges(2, 4)) == 14
    assert all_edges(2, 2) == ((0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
    assert groups(all_edges(2, 2)) == [[0, 1], [2, 3, 4]]
