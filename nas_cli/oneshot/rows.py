"""The rows and columns of a space's mixing weights, known without its supernet."""

from typing import Any

from nas_cli.oneshot.supernet import all_edges
from nas_cli.spaces.cell import CellSpace
from nas_cli.spaces.cell_genotype import KINDS
from nas_cli.spaces.dag import DagSpace
from nas_cli.spaces.nasbench201 import OPERATIONS, OUTPUT

NONE = "none"


def rows(space: Any) -> dict[str, Any]:
    """{"kinds", "edges", "operations"} of the supernet of a space, as JSON values."""
    if isinstance(space, DagSpace):
        return _block(("graph",), space.edges, space.operations)
    if isinstance(space, CellSpace):
        return _block(KINDS, all_edges(2, space.settings.nodes), (NONE, *space.settings.operations))
    return _block(("cell",), all_edges(1, OUTPUT), OPERATIONS)


def _block(kinds: Any, edges: Any, operations: Any) -> dict[str, Any]:
    return {"kinds": list(kinds), "edges": [list(edge) for edge in edges], "operations": list(operations)}
