"""All networks of the space `cell` in one: DARTS' supernet."""

from collections.abc import Sequence
from typing import Any, final

import tensorflow as tf
from numpy.typing import NDArray

from nas_cli.oneshot.bundles import Arrays, BundledOperation, Convolution, FactorizedReduce
from nas_cli.oneshot.derive import derive_cells, one_hot_cell
from nas_cli.oneshot.ends import Classifier, Stem, give
from nas_cli.oneshot.mixed import NONE, Node
from nas_cli.oneshot.mixed_cell import MixedCell
from nas_cli.oneshot.parameters import Norms, Parameters
from nas_cli.oneshot.stacked_supernet import StackedSupernet
from nas_cli.spaces.cell import CellSpace
from nas_cli.spaces.cell_genotype import KINDS
from nas_cli.spaces.cell_network import STEM_MULTIPLIER
from nas_cli.spaces.decision_space import Values


@final
class CellSupernet(StackedSupernet):
    """DARTS' network while it searches (Liu et al. 2019): the size and operations of `space.settings`, and 'none'.

    `alpha`: logits of the normal and of the reduction cells, N(0, 1e-3²). `path_dropout`: see `drop_paths`; every cell
    draws its own. Inputs are raw, as those of `nas_cli.models.builder.build`, with the same `scale` and `offset`.
    Everything is computed in float32.

    Deviation: the stem's batch norm has no scale and offset either.
    """

    kinds = KINDS

    def __init__(
        self,
        space: CellSpace,
        seed: int,
        path_dropout: float = 0.0,
        scale: Sequence[float] | None = None,
        offset: Sequence[float] | None = None,
    ) -> None:
        super().__init__((NONE, *space.settings.operations), 2, space.settings.nodes, seed, path_dropout)
        self.space, made = space, self._made
        self._stem = Stem(made, space.input_shape, STEM_MULTIPLIER * space.settings.channels, scale, offset)
        self._cells = _cells(made, space, self.operations)
        self._classifier = Classifier(made, self._cells[-1].channels * space.settings.nodes, space.classes)
        self._finish()

    def _logits(self, x: Any, gamma: Sequence[Any], norms: Norms, dropped: bool) -> Any:
        earlier = last = Node(self._stem(x, norms))
        for cell in self._cells:
            earlier, last = last, cell(earlier, last, self._mixing(gamma[cell.reduces], dropped), norms)
        norms.finish()
        return self._classifier(last.x)

    def derive(self, gamma: Sequence[NDArray[Any]]) -> Values:
        return self.space.values(derive_cells(gamma, self.edges, self.operations))

    def one_hot(self, genotype: Values) -> list[NDArray[Any]]:
        cells = self.space.pairs(genotype)
        return [one_hot_cell(cell, self.edges, self.operations) for cell in (cells.normal, cells.reduction)]

    def inherit(self, model: Any, genotype: Values) -> None:
        """Give the model built of a genotype's architecture the supernet's weights.

        Its outputs are then those of the supernet with `one_hot(genotype)`, but for the batch norms that the supernet
        alone has behind pooling.
        """
        cells = self.space.pairs(genotype)
        layers = self._stem.discrete()
        for cell in self._cells:
            chosen = cells.reduction if cell.reduces else cells.normal
            layers += cell.before()
            for at, (name, source) in enumerate(chosen):
                layers += cell.mixed.discrete((source, 2 + at // 2), name)
        give(model, self.space.architecture(genotype), [*layers, self._classifier.discrete()])


@final
class _Cell:
    """A mixed cell behind the two operations that give its inputs its shape."""

    def __init__(
        self,
        made: Parameters,
        operations: Sequence[str],
        nodes: int,
        inputs: Sequence[int],
        channels: int,
        reduces: bool,
        reduced: bool,
    ) -> None:
        self.reduces, self.channels = reduces, channels
        self._first: BundledOperation
        if reduced:
            self._first = FactorizedReduce(made, 1, inputs[0], channels, "before_0")
        else:
            self._first = Convolution(made, 1, inputs[0], channels, 1, "before_0")
        self._second: BundledOperation = Convolution(made, 1, inputs[1], channels, 1, "before_1")
        self.mixed = MixedCell(made, operations, 2, nodes, channels, 2 if reduces else 1, norm_pools=True)

    def __call__(self, earlier: Node, last: Node, gamma: Any, norms: Norms) -> Node:
        pairs = ((self._first, earlier.rectified), (self._second, last.rectified))
        given = [Node(made([x], x, None, norms)) for made, x in pairs]
        return Node(tf.concat([node.x for node in self.mixed(given, gamma, norms)], axis=-1))

    def before(self) -> list[Arrays]:
        return [*self._first.discrete(0), *self._second.discrete(0)]


def _cells(made: Parameters, space: CellSpace, operations: Sequence[str]) -> list[_Cell]:
    """The cells as `nas_cli.spaces.cell_network.network` stacks them."""
    settings, channels = space.settings, space.settings.channels
    inputs, reduced = [STEM_MULTIPLIER * channels] * 2, False
    cells: list[_Cell] = []
    for layer in range(settings.layers):
        reduces = layer in (settings.layers // 3, 2 * settings.layers // 3)
        channels *= 2 if reduces else 1
        cells.append(_Cell(made, operations, settings.nodes, inputs, channels, reduces, reduced))
        inputs, reduced = [inputs[1], settings.nodes * channels], reduces
    return cells
