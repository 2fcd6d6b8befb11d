"""What a network whose edges are mixtures of operations offers to those that train it and derive networks from it."""

from collections.abc import Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from nas_cli.spaces.decision_space import Values

Edge = tuple[int, int]
"""(source, target)."""


class Supernet(Protocol):
    """A network with one matrix of mixing weights (edges, operations) for each of `kinds`.

    `alpha`: the logits, one variable per kind; they are not among the trainable weights. `edges`: the rows, in the same
    order for every kind. `operations`: the columns. `trainable_weights` are what the training loss minimises; `weights`
    are all that a checkpoint of the network needs, moving statistics included and alpha excluded.
    """

    @property
    def alpha(self) -> list[Any]: ...

    @property
    def kinds(self) -> tuple[str, ...]: ...

    @property
    def edges(self) -> tuple[Edge, ...]: ...

    @property
    def operations(self) -> tuple[str, ...]: ...

    @property
    def trainable_weights(self) -> list[Any]: ...

    @property
    def weights(self) -> list[Any]: ...

    def __call__(self, x: Any, gamma: Sequence[Any], training: bool) -> Any:
        """Logits (batch, classes) of raw inputs, with `gamma[kind]` (edges, operations) multiplying what the operations
        compute. Training uses the batch's statistics and updates the moving ones."""

    def by_batch(self, x: Any, gamma: Sequence[Any]) -> Any:
        """Logits with the statistics of this batch, which changes nothing: for a network that is a sample of many,
        whose own moving statistics nobody has."""

    def derive(self, gamma: Sequence[NDArray[Any]]) -> Values:
        """The genotype that the mixing weights point at."""

    def one_hot(self, genotype: Values) -> list[NDArray[Any]]:
        """The mixing weights with which the supernet computes what the genotype's network computes."""


def all_edges(inputs: int, nodes: int) -> tuple[Edge, ...]:
    """Every (source, target) of a cell in which a node reads all before it, node by node, sources in order."""
    return tuple((source, target) for target in range(inputs, inputs + nodes) for source in range(target))


def groups(edges: Sequence[Edge]) -> list[list[int]]:
    """The numbers of the edges into each vertex, by vertex."""
    targets = sorted({target for _, target in edges})
    return [[number for number, edge in enumerate(edges) if edge[1] == target] for target in targets]
