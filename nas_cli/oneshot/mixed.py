"""Mixtures of operations: what is on the edges of a supernet."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, final

import numpy as np
import tensorflow as tf

from nas_cli.oneshot.bundles import Arrays, BundledOperation, Convolution, FactorizedReduce, Separable, tile
from nas_cli.oneshot.parameters import Norms, Parameters

NONE = "none"
"""The operation that gives zeros."""

SKIP = "skip_connect"


@final
class Node:
    """A map (batch, height, width, channels), and what it is behind a ReLU, which its readers share."""

    def __init__(self, x: Any) -> None:
        self.x = x

    @cached_property
    def rectified(self) -> Any:
        """ReLU of the map."""
        return tf.nn.relu(self.x)


@final
class MixedOperation:
    """Σ_k gamma_k·op_k(x) on the edges from each of `sources` nodes to each of `targets` nodes (Liu et al. 2019, 2).

    Batch norms have neither scale nor offset, since these would undo gamma; gamma takes the place of the last one's
    scale. Each edge has its own weights. Pooling has none, so it is computed once for all edges of a node, and behind
    it, where `norm_pools`, a batch norm.
    """

    def __init__(
        self,
        made: Parameters,
        operations: Sequence[str],
        sources: int,
        targets: int,
        channels: int,
        stride: int,
        norm_pools: bool,
    ) -> None:
        self._operations, self._sources, self._targets = operations, sources, targets
        self._channels, self._stride = channels, stride
        edges = sources * targets
        self._bundled: dict[int, BundledOperation] = {}
        self._free: list[int] = []
        self._pool_norms: dict[tuple[int, int], int] = {}
        for column, name in enumerate(operations):
            if _has_weights(name, stride):
                self._bundled[column] = _MAKERS[name](made, edges, channels, stride, name)
            elif name != NONE:
                self._free.append(column)
                if norm_pools and name != SKIP:
                    self._pool_norms |= {(column, source): made.norm(channels) for source in range(sources)}

    def __call__(self, nodes: Sequence[Node], gamma: Any, norms: Norms) -> list[Any]:
        """The maps that the edges bring, source by source; `gamma` (sources·targets, operations) in the same order."""
        terms: list[Any] = []
        if self._bundled:
            maps = [node.rectified for node in nodes]
            tiled = tile(maps, self._targets)
            edge_of_channel = np.repeat(np.arange(self._sources * self._targets), self._channels)
            scales = tf.unstack(tf.gather(gamma, edge_of_channel), axis=1)
            terms += [made(maps, tiled, scales[column], norms) for column, made in self._bundled.items()]
        if self._free:
            terms.append(tf.concat([self._unweighted(at, node.x, gamma, norms) for at, node in enumerate(nodes)], -1))
        if not terms:
            sides = [-(-side // self._stride) for side in nodes[0].x.shape[1:3]]
            shape = tf.concat([tf.shape(nodes[0].x)[:1], [*sides, self._channels]], 0)
            return [tf.zeros(shape)] * (self._sources * self._targets)
        return list(tf.split(tf.add_n(terms), self._sources * self._targets, axis=-1))

    def _unweighted(self, source: int, x: Any, gamma: Any, norms: Norms) -> Any:
        """What identity and pooling of one node bring to its edges: one 1×1 convolution whose kernel is gamma.

        One call, where a product for each edge and operation would be dozens of passes over a map.
        """
        maps = []
        for column in self._free:
            name = self._operations[column]
            made = x if name == SKIP else _pooled(name, x, self._stride)
            norm = self._pool_norms.get((column, source))
            maps.append(made if norm is None else norms(norm, made))
        first, width = source * self._targets, self._channels
        places = [[(edge, column) for edge in range(first, first + self._targets)] for column in self._free]
        weights = tf.reshape(tf.gather_nd(gamma, places), (len(maps), 1, self._targets, 1))
        kernel = weights * np.eye(width, dtype=np.float32).reshape(1, width, 1, width)
        shape = (1, 1, len(maps) * width, self._targets * width)
        return tf.nn.conv2d(tf.concat(maps, axis=-1), tf.reshape(kernel, shape), 1, "SAME")

    def discrete(self, edge: int, name: str) -> list[Arrays]:
        """The weights of an operation on an edge, layer by layer, as the built network's layers have them."""
        column = self._operations.index(name)
        return self._bundled[column].discrete(edge) if column in self._bundled else []


def drop_paths(gamma: Any, rate: float, generator: Any) -> Any:
    """gamma without each operation of each edge with probability `rate`, the others times 1/(1 − rate).

    Bender et al. 2018 ("Understanding and simplifying one-shot architecture search") drop operations for a batch, so
    that those left do not come to rely on others. Deviation: one rate, whatever the number of operations of an edge.
    """
    kept = tf.cast(generator.uniform(tf.shape(gamma)) >= rate, gamma.dtype)
    return gamma * kept / (1.0 - rate)


def _has_weights(name: str, stride: int) -> bool:
    return name in _MAKERS and (name != SKIP or stride == 2)


def _pooled(name: str, x: Any, stride: int) -> Any:
    pool = tf.nn.max_pool2d if name.startswith("max") else tf.nn.avg_pool2d
    return pool(x, 3, stride, "SAME")


def _convolution(made: Parameters, edges: int, channels: int, stride: int, name: str) -> BundledOperation:
    return Convolution(made, edges, channels, channels, int(name[-1]), name)


def _reduce(made: Parameters, edges: int, channels: int, stride: int, name: str) -> BundledOperation:
    return FactorizedReduce(made, edges, channels, channels, name)


_MAKERS: dict[str, Callable[[Parameters, int, int, int, str], BundledOperation]] = {
    "skip_connect": _reduce,
    "sep_conv_3x3": Separable,
    "sep_conv_5x5": Separable,
    "dil_conv_3x3": Separable,
    "dil_conv_5x5": Separable,
    "nor_conv_1x1": _convolution,
    "nor_conv_3x3": _convolution,
}
