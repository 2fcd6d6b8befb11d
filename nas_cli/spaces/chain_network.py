"""From the decisions of a chain to its architecture."""

from collections.abc import Mapping

from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.candidate import Scalar
from nas_cli.spaces.layer_blocks import Layers

SMALLEST_SIDE = 2
"""A reduction is left out where it would leave maps with a side below this: so every genotype has a network."""


def image_network(
    values: Mapping[str, Scalar], expansion: int, input_shape: tuple[int, ...], classes: int
) -> Architecture:
    """The blocks, features, dense ReLU layers, dropout, linear outputs."""
    chain = _Chain(values, input_shape)
    for block in range(1, int(values["blocks"]) + 1):
        chain.block(f"block_{block}", expansion)
    chain.at = chain.layers.add(str(values["head"]), chain.at)
    return chain.finished(classes)


def vector_network(values: Mapping[str, Scalar], input_shape: tuple[int, ...], classes: int) -> Architecture:
    """Dense ReLU layers, dropout, linear outputs."""
    return _Chain(values, input_shape).finished(classes)


class _Chain:
    """The layers so far; `at` is the last one's position, `shape` (height, width, channels) its output."""

    def __init__(self, values: Mapping[str, Scalar], input_shape: tuple[int, ...]) -> None:
        self.values = values
        self.normed = bool(values["batch_norm"])
        self.layers = Layers(input_shape)
        self.at = 0
        self.shape = input_shape

    def block(self, name: str, expansion: int) -> None:
        """One of the operations, with its reduction of height and width."""
        operation, reduction = str(self.values[f"{name}_operation"]), str(self.values[f"{name}_reduction"])
        kernel, filters = int(self.values[f"{name}_kernel"]), int(self.values[f"{name}_filters"])
        smaller = tuple(-(-side // 2) for side in self.shape[:2])
        reduction = "none" if min(smaller) < SMALLEST_SIDE else reduction
        stride = 2 if reduction == "stride" else 1
        if operation == "conv":
            self.weighted("conv2d", filters=filters, kernel=kernel, stride=stride)
        elif operation == "separable":
            self.at = self.layers.depthwise(self.at, kernel, stride)
            self.weighted("conv2d", filters=filters, kernel=1, stride=1)
        else:
            self.bottleneck(kernel, filters, stride, expansion)
        if reduction in ("max_pool", "average_pool"):
            self.at = self.layers.add(reduction, self.at, size=2)
        self.shape = (*(self.shape[:2] if reduction == "none" else smaller), filters)

    def bottleneck(self, kernel: int, filters: int, stride: int, expansion: int) -> None:
        """MobileNetV2's block (Sandler et al. 2018): 1×1 convolution to more channels, depthwise, 1×1 without ReLU; the
        sum with its input where both have the same shape. ReLU in place of ReLU6."""
        start, same = self.at, stride == 1 and self.shape[-1] == filters
        self.weighted("conv2d", filters=expansion * self.shape[-1], kernel=1, stride=1)
        self.weighted("depthwise_conv2d", kernel=kernel, stride=stride)
        self.weighted("conv2d", linear=True, filters=filters, kernel=1, stride=1)
        if same:
            self.at = self.layers.joined((start, self.at))

    def weighted(self, op: str, linear: bool = False, **settings: int) -> None:
        """A layer with weights and its ReLU; with batch norm, that takes the place of the bias and comes between."""
        activation = "linear" if linear or self.normed else "relu"
        self.at = self.layers.add(op, self.at, **settings, activation=activation, use_bias=not self.normed)
        if self.normed:
            self.at = self.layers.norm(self.at)
            self.at = self.at if linear else self.layers.relu(self.at)

    def finished(self, classes: int) -> Architecture:
        """With the dense layers and the outputs."""
        for layer in range(1, int(self.values["dense_layers"]) + 1):
            self.weighted("dense", units=int(self.values[f"dense_{layer}_units"]))
        rate = float(self.values["dropout"])
        if rate > 0:
            self.at = self.layers.add("dropout", self.at, rate=rate)
        self.layers.add("dense", self.at, units=classes, activation="linear")
        return Architecture(tuple(self.layers.nodes))
