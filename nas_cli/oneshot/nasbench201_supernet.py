"""All networks of the space `nasbench201` in one."""

from collections.abc import Sequence
from typing import Any, final

import tensorflow as tf
from numpy.typing import NDArray

from nas_cli.oneshot.bundles import Arrays, Convolution, affine
from nas_cli.oneshot.derive import derive_edges, one_hot
from nas_cli.oneshot.ends import Classifier, Stem, give
from nas_cli.oneshot.mixed import Node
from nas_cli.oneshot.mixed_cell import MixedCell
from nas_cli.oneshot.parameters import Norms, Parameters
from nas_cli.oneshot.stacked_supernet import StackedSupernet
from nas_cli.oneshot.supernet import all_edges
from nas_cli.spaces.decision_space import Values
from nas_cli.spaces.nasbench201 import KERNELS, OPERATIONS, OUTPUT, STAGES, NASBench201


@final
class NASBench201Supernet(StackedSupernet):
    """The network of NAS-Bench-201 with all operations on all edges of its cells (Dong & Yang 2020).

    One matrix of logits, for all cells. Pooling has no batch norm behind it, as in that paper's searches. The rest as
    `CellSupernet`; batch norms outside of cells have no scale and offset either, which deviates from the paper.
    """

    kinds = ("cell",)

    def __init__(
        self,
        space: NASBench201,
        seed: int,
        path_dropout: float = 0.0,
        scale: Sequence[float] | None = None,
        offset: Sequence[float] | None = None,
    ) -> None:
        super().__init__(OPERATIONS, 1, OUTPUT, seed, path_dropout)
        self.space, made, width = space, self._made, space.settings.channels
        self._stem = Stem(made, space.input_shape, width, scale, offset)
        self._stages = [_Stage(made, stage, width * 2**stage, space.settings.cells) for stage in range(STAGES)]
        self._norm = made.norm(width * 2 ** (STAGES - 1))
        self._classifier = Classifier(made, width * 2 ** (STAGES - 1), space.classes)
        self._finish()

    def _logits(self, x: Any, gamma: Sequence[Any], norms: Norms, dropped: bool) -> Any:
        node = Node(self._stem(x, norms))
        for stage in self._stages:
            if stage.before is not None:
                node = stage.before(node, norms)
            for cell in stage.cells:
                node = cell([node], self._mixing(gamma[0], dropped), norms)[-1]
        last = tf.nn.relu(norms(self._norm, node.x))
        norms.finish()
        return self._classifier(last)

    def derive(self, gamma: Sequence[NDArray[Any]]) -> Values:
        return derive_edges(gamma[0], self.operations)

    def one_hot(self, genotype: Values) -> list[NDArray[Any]]:
        return [one_hot([str(name) for name in genotype], self.operations)]

    def inherit(self, model: Any, genotype: Values) -> None:
        """Give the model built of a genotype's architecture the supernet's weights.

        Its outputs are then those of the supernet with `one_hot(genotype)`.
        """
        layers = self._stem.discrete()
        for stage in self._stages:
            layers += stage.before.discrete() if stage.before is not None else []
            for cell in stage.cells:
                layers += _used(cell, [str(name) for name in genotype])
        layers += [affine(self._made.statistics(self._norm)), self._classifier.discrete()]
        give(model, self.space.architecture(genotype), layers)


def _used(cell: MixedCell, operations: Sequence[str]) -> list[Arrays]:
    """The weights of the convolutions of a cell that its output depends on, as the space orders them: those that a
    node needs come before its own."""
    edges, layers = all_edges(1, OUTPUT), list[Arrays]()
    done: set[int] = {0}

    def visit(node: int) -> None:
        done.add(node)
        for edge, name in zip(edges, operations, strict=True):
            if edge[1] != node or name == "none":
                continue
            if edge[0] not in done:
                visit(edge[0])
            if name in KERNELS:
                layers.extend(cell.discrete(edge, name))

    visit(OUTPUT)
    return layers


@final
class _Stage:
    """Cells of one width, behind a residual block of stride 2 in all stages but the first."""

    def __init__(self, made: Parameters, stage: int, channels: int, cells: int) -> None:
        self.before = _Residual(made, channels // 2, channels) if stage else None
        self.cells = [MixedCell(made, OPERATIONS, 1, OUTPUT, channels, 1, norm_pools=False) for _ in range(cells)]


@final
class _Residual:
    """Two 3×3 convolutions, the first of stride 2, beside average pooling and a 1×1 convolution."""

    def __init__(self, made: Parameters, channels_in: int, channels: int) -> None:
        self._side = made.glorot((1, 1, channels_in, channels), channels_in, channels, "side")
        self._first = Convolution(made, 1, channels_in, channels, 3, "residual_0", stride=2)
        self._second = Convolution(made, 1, channels, channels, 3, "residual_1")

    def __call__(self, node: Node, norms: Norms) -> Node:
        side = tf.nn.conv2d(tf.nn.avg_pool2d(node.x, 2, 2, "SAME"), self._side, 1, "SAME")
        main = Node(self._first([node.rectified], None, None, norms))
        return Node(side + self._second([main.rectified], None, None, norms))

    def discrete(self) -> list[Arrays]:
        """The weights, layer by layer."""
        return [[self._side.numpy()], *self._first.discrete(0), *self._second.discrete(0)]
