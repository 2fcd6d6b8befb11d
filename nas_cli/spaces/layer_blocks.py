"""The nodes of a network as they are put together, and the blocks that several spaces are made of."""

from collections.abc import Mapping
from functools import lru_cache

from nas_cli.spaces.architecture import Node, Value

LINEAR: Mapping[str, Value] = {"activation": "linear", "use_bias": False}


class Layers:
    """The nodes so far; every method appends and returns the position of the new output."""

    def __init__(self, input_shape: tuple[int, ...]) -> None:
        self.nodes: list[Node] = [Node("input", (), _settings(shape=input_shape))]
        self._rectified: dict[int, int] = {}

    def add(self, op: str, *inputs: int, **settings: Value) -> int:
        """A node that reads `inputs`."""
        self.nodes.append(Node(op, inputs, _settings(**settings)))
        return len(self.nodes) - 1

    def relu(self, source: int) -> int:
        """ReLU before a convolution, computed once for all convolutions of that source."""
        if source not in self._rectified:
            self._rectified[source] = self.add("activation", source, activation="relu")
        return self._rectified[source]

    def convolution(self, source: int, filters: int, kernel: int, stride: int = 1) -> int:
        """A linear convolution without bias: batch norm, with one, follows it."""
        return self.add("conv2d", source, filters=filters, kernel=kernel, stride=stride, **LINEAR)

    def depthwise(self, source: int, kernel: int, stride: int = 1, dilation: int = 1) -> int:
        """A linear depthwise convolution without bias.

        One of stride 2 and dilation 2 reads every second row and column only: it is made as one without either on a map
        that has only these, with the same result and the same cost.
        """
        if dilation == stride == 2:
            source, stride, dilation = self.add("subsample", source, size=2), 1, 1
        return self.add("depthwise_conv2d", source, kernel=kernel, stride=stride, dilation=dilation, **LINEAR)

    def norm(self, source: int) -> int:
        """Batch normalisation."""
        return self.add("batch_norm", source)

    def relu_conv_norm(self, source: int, filters: int, kernel: int, stride: int = 1) -> int:
        """ReLU, convolution, batch norm: the operation of NAS-Bench-201 and the preprocessing of DARTS."""
        return self.norm(self.convolution(self.relu(source), filters, kernel, stride))

    def separable(self, source: int, filters: int, kernel: int, stride: int = 1, dilation: int = 1) -> int:
        """ReLU, depthwise convolution, 1×1 convolution, batch norm."""
        return self.norm(self.convolution(self.depthwise(self.relu(source), kernel, stride, dilation), filters, 1))

    def factorized_reduce(self, source: int, filters: int) -> int:
        """Half the height and width: ReLU, two 1×1 convolutions of stride 2 on alternate pixels, joined, batch norm.

        The second starts at row and column 1; where a side is odd it meets zeros behind the last ones.
        """
        source = self.relu(source)
        even = self.convolution(source, filters // 2, 1, 2)
        odd = self.convolution(self.add("shift", source), filters - filters // 2, 1, 2)
        return self.norm(self.joined((even, odd), "concat"))

    def joined(self, sources: tuple[int, ...], mode: str = "sum") -> int:
        """The sum or concatenation of several outputs; of one, itself."""
        return sources[0] if len(sources) == 1 else self.add("merge", *sources, mode=mode)

    def classifier(self, source: int, classes: int) -> int:
        """Global average pooling and the linear outputs."""
        return self.add("dense", self.add("global_average_pool", source), units=classes, activation="linear")


@lru_cache(4096)
def _settings(**settings: Value) -> tuple[tuple[str, Value], ...]:
    """In alphabetical order, as `nas_cli.spaces.architecture.node` has them; a network repeats few of them often."""
    return tuple(sorted(settings.items()))
