"""The residual networks for small images of He et al. 2016 (arXiv:1512.03385, section 4.2): depth 6n + 2."""

from nas_cli.errors import ConfigError
from nas_cli.spaces.architecture import Architecture, Node, node

STAGES = ((16, 1), (32, 2), (64, 2))
"""Filters and the stride of the first block, per stage."""


def resnet20(input_shape: tuple[int, ...], classes: int, shortcut: str = "projection") -> Architecture:
    """ResNet-20: 40.81 M MACs and 0.27 M parameters on 32×32×3 with projections, 40.55 M with 'pad'."""
    return resnet_cifar(input_shape, classes, 3, shortcut)


def resnet56(input_shape: tuple[int, ...], classes: int, shortcut: str = "projection") -> Architecture:
    """ResNet-56: 125.75 M MACs and 0.86 M parameters on 32×32×3 with projections, 125.49 M with 'pad'."""
    return resnet_cifar(input_shape, classes, 9, shortcut)


def resnet_cifar(input_shape: tuple[int, ...], classes: int, blocks: int, shortcut: str) -> Architecture:
    """A residual network with `blocks` blocks of two 3×3 convolutions in each of three stages.

    Batch norm follows every convolution, ReLU every block's sum; He initialisation (He et al. 2015). Where a stage
    halves the map, the shortcut is a 1×1 convolution of stride 2 with batch norm ('projection', option B of the paper,
    the default) or every second pixel with zeros for the new channels ('pad', option A, which the paper uses on
    CIFAR-10; here the zeros are all behind the old channels).

    Raises:
        ConfigError: if the input is not (height, width, channels) or the shortcut is another word.
    """
    if len(input_shape) != 3:
        raise ConfigError(f"a residual network needs images (height, width, channels), got shape {input_shape}.")
    if shortcut not in ("projection", "pad"):
        raise ConfigError(f"shortcut must be 'projection' or 'pad', got {shortcut!r}.")
    nodes: list[Node] = [node("input", shape=tuple(input_shape))]
    last = _add(nodes, node("activation", (_convolution(nodes, 0, STAGES[0][0], 3, 1),), activation="relu"))
    for filters, first_stride in STAGES:
        for block in range(blocks):
            last = _block(nodes, last, filters, first_stride if block == 0 else 1, shortcut)
    pooled = _add(nodes, node("global_average_pool", (last,)))
    _add(nodes, node("dense", (pooled,), units=classes, activation="linear", initializer="he_normal"))
    return Architecture(tuple(nodes))


def _block(nodes: list[Node], source: int, filters: int, stride: int, shortcut: str) -> int:
    first = _convolution(nodes, source, filters, 3, stride)
    active = _add(nodes, node("activation", (first,), activation="relu"))
    second = _convolution(nodes, active, filters, 3, 1)
    side = source if stride == 1 else _shortcut(nodes, source, filters, stride, shortcut)
    summed = _add(nodes, node("merge", (second, side), mode="sum"))
    return _add(nodes, node("activation", (summed,), activation="relu"))


def _shortcut(nodes: list[Node], source: int, filters: int, stride: int, shortcut: str) -> int:
    if shortcut == "projection":
        return _convolution(nodes, source, filters, 1, stride)
    return _add(nodes, node("subsample", (source,), size=stride))


def _convolution(nodes: list[Node], source: int, filters: int, kernel: int, stride: int) -> int:
    """The position of the batch norm behind a new convolution without bias."""
    convolution = _add(
        nodes,
        node(
            "conv2d",
            (source,),
            filters=filters,
            kernel=kernel,
            stride=stride,
            activation="linear",
            use_bias=False,
            initializer="he_normal",
        ),
    )
    return _add(nodes, node("batch_norm", (convolution,)))


def _add(nodes: list[Node], new: Node) -> int:
    nodes.append(new)
    return len(nodes) - 1
