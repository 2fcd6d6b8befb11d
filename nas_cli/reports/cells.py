"""Derived cells and graphs as nodes and labelled edges, from the genotype as a journal has it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NONE = "none"
SKIPS = ("skip_connect", "identity")
"""Operations that pass a map on as it is."""

CELL_KINDS = ("normal", "reduction")
ALONE = ("cell", "graph")
"""Kinds of which a network has only the one."""
INPUTS = ("c_{k-2}", "c_{k-1}")
OUTPUT = "c_{k}"

Edge = tuple[int, int]


@dataclass(frozen=True)
class LabelledEdge:
    """An edge between two nodes by number, with its operation; '' where nodes are only joined."""

    source: int
    target: int
    operation: str


@dataclass(frozen=True)
class CellGraph:
    """A directed graph without cycles: its nodes in topological order, the first `inputs` given, the last its output.

    `edges` are those with an operation other than 'none'.
    """

    kind: str
    nodes: tuple[str, ...]
    inputs: int
    edges: tuple[LabelledEdge, ...]

    @property
    def chosen(self) -> list[str]:
        """The operations, in the order of the edges."""
        return [edge.operation for edge in self.edges if edge.operation]

    @property
    def skips(self) -> int:
        """Edges that only pass on what they get."""
        return sum(operation in SKIPS for operation in self.chosen)

    @property
    def live(self) -> set[LabelledEdge]:
        """The edges on a way from an input to the output: no other one changes what the cell computes of its input."""
        ahead, behind = set(range(self.inputs)), {len(self.nodes) - 1}
        for edge in sorted(self.edges, key=lambda edge: edge.source):
            ahead |= {edge.target} if edge.source in ahead else set()
        for edge in sorted(self.edges, key=lambda edge: -edge.target):
            behind |= {edge.source} if edge.target in behind else set()
        return {edge for edge in self.edges if edge.source in ahead and edge.target in behind}


def cell_graphs(genotype: Any, edges: Sequence[Edge], kind: str = "cell") -> list[CellGraph]:
    """The cells of a genotype of the spaces `cell`, `nasbench201` and `dag`; none for one of another form.

    `edges`: those of the supernet, by which the vertices of a graph are known; `kind`: what such a graph is called.
    """
    if not isinstance(genotype, Mapping):
        return []
    cells = [cell for kind in CELL_KINDS if (cell := _cell(genotype, kind)) is not None]
    return cells or [graph for graph in (_graph(genotype, edges, kind),) if graph is not None]


def _cell(genotype: Mapping[str, Any], kind: str) -> CellGraph | None:
    """DARTS' cell: two inputs, nodes that are sums of two edges each, their concatenation."""
    found: list[LabelledEdge] = []
    node = 2
    while f"{kind}_{node}_first" in genotype:
        # Node 2 has no choice of sources.
        sources = str(genotype.get(f"{kind}_{node}_sources", "0+1")).split("+")
        names = (genotype[f"{kind}_{node}_{edge}"] for edge in ("first", "second"))
        found += [LabelledEdge(int(at), node, str(name)) for at, name in zip(sources, names, strict=True)]
        node += 1
    if node == 2:
        return None
    found += [LabelledEdge(made, node, "") for made in range(2, node)]
    return CellGraph(kind, (*INPUTS, *(str(made - 2) for made in range(2, node)), OUTPUT), 2, tuple(found))


def _graph(genotype: Mapping[str, Any], edges: Sequence[Edge], kind: str) -> CellGraph | None:
    """A graph with one operation for each edge."""
    named = {(i, j): str(genotype[f"edge_{i}_{j}"]) for i, j in edges if f"edge_{i}_{j}" in genotype}
    if not named:
        return None
    last = max(target for _, target in named)
    nodes = ("0 (input)", *(str(vertex) for vertex in range(1, last)), f"{last} (output)")
    kept = [LabelledEdge(i, j, name) for (i, j), name in named.items() if name != NONE]
    return CellGraph(kind, nodes, 1, tuple(kept))
