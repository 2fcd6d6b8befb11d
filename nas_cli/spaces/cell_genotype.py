"""A pair of cells as DARTS writes it: for each intermediate node two (operation, source) pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from nas_cli.errors import ConfigError
from nas_cli.spaces.candidate import Scalar
from nas_cli.spaces.decision import Categorical, Decision

Edges = tuple[tuple[str, int], ...]
"""(operation, source) of both edges into node 2, then of both into node 3, and so on.

Sources 0 and 1 are the outputs of the last cell but one and of the last cell.
"""

OPERATIONS = (
    "max_pool_3x3", "avg_pool_3x3", "skip_connect", "sep_conv_3x3", "sep_conv_5x5", "dil_conv_3x3", "dil_conv_5x5"
)  # fmt: skip
"""In DARTS' order, which has 'none' before them while it searches."""

KINDS = ("normal", "reduction")


@dataclass(frozen=True)
class CellGenotype:
    """The edges of the cell that keeps height and width, and of the one that halves them."""

    normal: Edges
    reduction: Edges


DARTS_V2 = CellGenotype(
    normal=(
        ("sep_conv_3x3", 0),
        ("sep_conv_3x3", 1),
        ("sep_conv_3x3", 0),
        ("sep_conv_3x3", 1),
        ("sep_conv_3x3", 1),
        ("skip_connect", 0),
        ("skip_connect", 0),
        ("dil_conv_3x3", 2),
    ),
    reduction=(
        ("max_pool_3x3", 0),
        ("max_pool_3x3", 1),
        ("skip_connect", 2),
        ("max_pool_3x3", 1),
        ("max_pool_3x3", 0),
        ("skip_connect", 2),
        ("skip_connect", 2),
        ("max_pool_3x3", 1),
    ),
)
"""The cells that DARTS found on CIFAR-10 with its second-order gradient (Liu et al. 2019, figures 4 and 5)."""


def decisions(nodes: int, operations: Sequence[str]) -> list[Decision]:
    """'normal_3_sources' ('0+2': the two nodes that node 3 reads), 'normal_3_first' and 'normal_3_second' (the
    operations on the edges from them), and so for every node of both cells.

    Both sources are one decision, so that they differ in every genotype, as in DARTS. Node 2 has no choice of sources.
    """
    made: list[Decision] = []
    for kind in KINDS:
        for node in range(2, 2 + nodes):
            pairs = tuple(f"{first}+{second}" for first, second in combinations(range(node), 2))
            if len(pairs) > 1:
                made.append(Decision(f"{kind}_{node}_sources", Categorical(pairs)))
            made += [Decision(f"{kind}_{node}_{edge}", Categorical(tuple(operations))) for edge in ("first", "second")]
    return made


def to_pairs(values: Sequence[Scalar], nodes: int) -> CellGenotype:
    """The cells that the values of `decisions` describe; the two edges of a node in the order of their sources."""
    left = iter(values)
    cells: list[Edges] = []
    for _ in KINDS:
        edges: list[tuple[str, int]] = []
        for node in range(2, 2 + nodes):
            sources = str(next(left)).split("+") if node > 2 else ["0", "1"]
            edges += [(str(next(left)), int(source)) for source in sources]
        cells.append(tuple(edges))
    return CellGenotype(*cells)


def from_pairs(genotype: CellGenotype) -> tuple[Scalar, ...]:
    """The values of `decisions` for two cells.

    Raises:
        ConfigError: if a node has not exactly two edges from different earlier nodes.
    """
    values: list[Scalar] = []
    for kind, edges in zip(KINDS, (genotype.normal, genotype.reduction), strict=True):
        for at in range(0, len(edges), 2):
            node, pair = 2 + at // 2, sorted(edges[at : at + 2], key=lambda edge: edge[1])
            sources = [source for _, source in pair]
            if len(set(sources)) != 2 or not set(sources) <= set(range(node)):
                raise ConfigError(
                    f"node {node} of the {kind} cell must read two different nodes below {node}, reads {sources}."
                )
            values += ["+".join(map(str, sources))] if node > 2 else []
            values += [operation for operation, _ in pair]
    return tuple(values)
