"""The same operation on several edges, computed as one: what makes a supernet of small convolutions affordable.

A bundle is a tensor (batch, height, width, edges·channels), edge by edge. All edges of a bundle have the same stride.
"""

from collections.abc import Sequence
from typing import Any, Protocol, final

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from nas_cli.oneshot.parameters import Norms, Parameters

BLOCK_CHANNELS = 64
"""1×1 convolutions of different edges are one with a block-diagonal kernel up to this width: the zeros that it
multiplies cost less than another call does."""

Arrays = list[NDArray[Any]]


class BundledOperation(Protocol):
    """An operation with its own weights on each of `edges` edges."""

    def __call__(self, sources: Sequence[Any], tiled: Any, gamma: Any, norms: Norms) -> Any:
        """The bundle gamma[edge]·operation(node of edge).

        `sources`: the maps behind the ReLU of the nodes, each of which has edges/len(sources) edges here, one after
        another; `tiled`: the same maps as a bundle; `gamma` (edges·channels,), each edge's for all of
        its channels; None for ones.
        """

    def discrete(self, edge: int) -> list[Arrays]:
        """The weights of one edge, layer by layer, as the built network's layers have them."""


def tile(maps: Sequence[Any], times: int) -> Any:
    """The bundle in which each map comes `times` times."""
    return tf.concat([copy for x in maps for copy in [x] * times], axis=-1)


@final
class Pointwise:
    """A 1×1 convolution of each edge's own channels."""

    def __init__(self, made: Parameters, edges: int, channels: int, name: str) -> None:
        self.kernel = made.glorot((edges, channels, channels), channels, channels, name)
        self._edges, self._channels = edges, channels

    def __call__(self, bundle: Any) -> Any:
        """A bundle of the same shape."""
        together = max(1, min(self._edges, BLOCK_CHANNELS // self._channels))
        sizes = [min(together, self._edges - start) for start in range(0, self._edges, together)]
        if len(sizes) == 1:
            return tf.nn.conv2d(bundle, _block_diagonal(self.kernel), 1, "SAME")
        kernels = tf.split(self.kernel, sizes)
        parts = tf.split(bundle, [size * self._channels for size in sizes], axis=-1)
        made = [tf.nn.conv2d(x, _block_diagonal(kernel), 1, "SAME") for x, kernel in zip(parts, kernels, strict=True)]
        return tf.concat(made, axis=-1)

    def discrete(self, edge: int) -> Arrays:
        """The kernel of one edge."""
        return [self.kernel.numpy()[edge][None, None]]


def _block_diagonal(kernels: Any) -> Any:
    """(n, c, d) to (1, 1, n·c, n·d)."""
    count, width, height = kernels.shape
    if count == 1:
        return tf.reshape(kernels, (1, 1, width, height))
    mask = np.eye(count, dtype=np.float32).reshape(count, 1, count, 1)
    return tf.reshape(tf.reshape(kernels, (count, width, 1, height)) * mask, (1, 1, count * width, count * height))


@final
class Separable:
    """DARTS' sep_conv (twice ReLU, depthwise, 1×1, batch norm) or dil_conv (once, dilation 2)."""

    def __init__(self, made: Parameters, edges: int, channels: int, stride: int, name: str) -> None:
        self._channels, self._stride = channels, stride
        self._size = int(name[-1])
        self._dilation = 2 if name.startswith("dil") else 1
        self._depthwise: list[Any] = []
        self._pointwise: list[Pointwise] = []
        self._norms: list[int] = []
        self._made = made
        for _ in range(1 if self._dilation == 2 else 2):
            shape = (self._size, self._size, edges * channels, 1)
            self._depthwise.append(made.glorot(shape, self._size**2 * channels, self._size**2, f"{name}_depthwise"))
            self._pointwise.append(Pointwise(made, edges, channels, f"{name}_pointwise"))
            self._norms.append(made.norm(edges * channels))

    def __call__(self, sources: Sequence[Any], tiled: Any, gamma: Any, norms: Norms) -> Any:
        x, last = tiled, len(self._norms) - 1
        for repeat in range(last + 1):
            x = self._pointwise[repeat](self._convolved(tf.nn.relu(x) if repeat else x, repeat))
            x = norms(self._norms[repeat], x, gamma if repeat == last else None)
        return x

    def _convolved(self, x: Any, repeat: int) -> Any:
        kernel, stride = self._depthwise[repeat], self._stride if repeat == 0 else 1
        if self._dilation == 1:
            return _depthwise(x, kernel, stride, "SAME")
        if stride == 2:
            # Every second pixel is read only: no dilation on a map of these.
            return _depthwise(_phases(x)[0], kernel, 1, "SAME")
        return _dilated(x, kernel, self._size - 1)

    def discrete(self, edge: int) -> list[Arrays]:
        width, layers = self._channels, []
        for depthwise, pointwise, norm in zip(self._depthwise, self._pointwise, self._norms, strict=True):
            layers.append([depthwise.numpy()[:, :, edge * width : (edge + 1) * width]])
            layers += [pointwise.discrete(edge), affine(self._made.statistics(norm, edge, width))]
        return layers


def _depthwise(x: Any, kernel: Any, stride: int, padding: str) -> Any:
    return tf.raw_ops.DepthwiseConv2dNative(input=x, filter=kernel, strides=[1, stride, stride, 1], padding=padding)


def _phases(x: Any) -> list[Any]:
    """Every second pixel of every second row, from (0, 0), (0, 1), (1, 0) and (1, 1) on; zeros behind odd sides.

    Strided slices and their gradients take many times as long, and strided 1×1 convolutions are not safe: see
    SMALLEST_REST in nas_cli.data.batches.
    """
    borders = [[0, side % 2] for side in x.shape[1:3]]
    return list(tf.split(tf.raw_ops.SpaceToBatchND(input=x, block_shape=[2, 2], paddings=borders), 4))


def _dilated(x: Any, kernel: Any, border: int) -> Any:
    """Dilation 2 as four maps of every second pixel; `tf.nn` does it with ten times the operations."""
    odd = [side % 2 for side in x.shape[1:3]]
    maps = tf.raw_ops.SpaceToBatchND(input=x, block_shape=[2, 2], paddings=[[border, border + rest] for rest in odd])
    made = _depthwise(maps, kernel, 1, "VALID")
    return tf.raw_ops.BatchToSpaceND(input=made, block_shape=[2, 2], crops=[[0, rest] for rest in odd])


@final
class Convolution:
    """ReLU, k×k convolution, batch norm: NAS-Bench-201's nor_conv, and what comes before DARTS' cells.

    All edges of a node read the same map, so that their kernels are one with more outputs.
    """

    def __init__(
        self, made: Parameters, edges: int, channels_in: int, channels: int, size: int, name: str, stride: int = 1
    ) -> None:
        shape = (size, size, channels_in, edges * channels)
        self._kernel = made.glorot(shape, size**2 * channels_in, size**2 * channels, name)
        self._norm = made.norm(edges * channels)
        self._made, self._channels, self._stride = made, channels, stride

    def __call__(self, sources: Sequence[Any], tiled: Any, gamma: Any, norms: Norms) -> Any:
        kernels = tf.split(self._kernel, len(sources), axis=-1) if len(sources) > 1 else [self._kernel]
        made = [tf.nn.conv2d(x, kernel, self._stride, "SAME") for x, kernel in zip(sources, kernels, strict=True)]
        x = tf.concat(made, axis=-1) if len(made) > 1 else made[0]
        return norms(self._norm, x, gamma)

    def discrete(self, edge: int) -> list[Arrays]:
        width = self._channels
        kernel = self._kernel.numpy()[..., edge * width : (edge + 1) * width]
        return [[kernel], affine(self._made.statistics(self._norm, edge, width))]


@final
class FactorizedReduce:
    """Half the height and width: ReLU, 1×1 convolutions of the even and of the odd pixels, joined, batch norm."""

    def __init__(self, made: Parameters, edges: int, channels_in: int, channels: int, name: str) -> None:
        self._halves = (channels // 2, channels - channels // 2)
        self._kernels = [
            made.glorot((channels_in, edges, half), channels_in, half, f"{name}_{parity}")
            for half, parity in zip(self._halves, ("even", "odd"), strict=True)
        ]
        self._norm = made.norm(edges * channels)
        self._made, self._edges, self._channels, self._channels_in = made, edges, channels, channels_in

    def __call__(self, sources: Sequence[Any], tiled: Any, gamma: Any, norms: Norms) -> Any:
        per_source = self._edges // len(sources)
        bundles = [self._reduced(x, start * per_source, per_source) for start, x in enumerate(sources)]
        x = tf.concat(bundles, axis=-1) if len(bundles) > 1 else bundles[0]
        return norms(self._norm, x, gamma)

    def _reduced(self, x: Any, start: int, count: int) -> Any:
        even, _, _, odd = _phases(x)
        height, width = (-(-side // 2) for side in x.shape[1:3])
        halves = []
        for map_, kernel, half in zip((even, odd), self._kernels, self._halves, strict=True):
            flat = tf.reshape(kernel[:, start : start + count], (1, 1, self._channels_in, count * half))
            made = tf.nn.conv2d(map_, flat, 1, "SAME")
            halves.append(tf.reshape(made, (-1, height, width, count, half)))
        joined = tf.concat(halves, axis=-1)
        return tf.reshape(joined, (-1, height, width, count * self._channels))

    def discrete(self, edge: int) -> list[Arrays]:
        kernels = [[kernel.numpy()[:, edge][None, None]] for kernel in self._kernels]
        return [*kernels, affine(self._made.statistics(self._norm, edge, self._channels))]


def affine(statistics: Arrays) -> Arrays:
    """The weights of a Keras batch norm with these statistics, whose scale is 1 and offset 0."""
    return [np.ones_like(statistics[0]), np.zeros_like(statistics[0]), *statistics]
