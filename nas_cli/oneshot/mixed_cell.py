"""A cell whose nodes are all joined by mixed edges."""

from collections.abc import Sequence
from typing import Any, final

import tensorflow as tf

from nas_cli.oneshot.bundles import Arrays
from nas_cli.oneshot.mixed import MixedOperation, Node
from nas_cli.oneshot.parameters import Norms, Parameters
from nas_cli.oneshot.supernet import Edge, all_edges


@final
class MixedCell:
    """`inputs` given nodes and `nodes` made ones, each the sum of mixed edges from all before it.

    Edges that start together are computed together. Edges from the inputs have the stride.
    """

    def __init__(
        self,
        made: Parameters,
        operations: Sequence[str],
        inputs: int,
        nodes: int,
        channels: int,
        stride: int,
        norm_pools: bool,
    ) -> None:
        self._rows = {edge: row for row, edge in enumerate(all_edges(inputs, nodes))}
        last = inputs + nodes
        self._starts = [tuple(range(inputs)), *((node,) for node in range(inputs, last - 1))]
        self._targets = [range(max(start) + 1, last) for start in self._starts]
        self._mixed = [
            MixedOperation(
                made, operations, len(start), len(targets), channels, stride if 0 in start else 1, norm_pools
            )
            for start, targets in zip(self._starts, self._targets, strict=True)
        ]

    def __call__(self, given: Sequence[Node], gamma: Any, norms: Norms) -> list[Node]:
        """The made nodes; `gamma` (edges, operations), rows in the order of `all_edges`."""
        nodes = list(given)
        brought: dict[int, list[Any]] = {}
        for start, targets, mixed in zip(self._starts, self._targets, self._mixed, strict=True):
            if start[-1] >= len(nodes):
                nodes.append(_sum(brought[start[-1]]))
            edges = [(source, target) for source in start for target in targets]
            rows = tf.gather(gamma, [self._rows[edge] for edge in edges])
            outputs = mixed([nodes[source] for source in start], rows, norms)
            for (_, target), output in zip(edges, outputs, strict=True):
                brought.setdefault(target, []).append(output)
        return [*nodes[len(given) :], _sum(brought[len(nodes)])]

    def discrete(self, edge: Edge, operation: str) -> list[Arrays]:
        """The weights of an operation on an edge, layer by layer, as the built network's layers have them."""
        source, target = edge
        at = next(number for number, start in enumerate(self._starts) if source in start)
        position = self._starts[at].index(source) * len(self._targets[at]) + self._targets[at].index(target)
        return self._mixed[at].discrete(position, operation)


def _sum(maps: Sequence[Any]) -> Node:
    return Node(tf.add_n(list(maps)))
