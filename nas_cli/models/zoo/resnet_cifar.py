"""The residual networks for small images of He et al. 2016 (arXiv:1512.03385, section 4.2): depth 6n + 2."""

from nas_cli.errors import ConfigError
from nas_cli.models.zoo.normalised import add, convolution
from nas_cli.models.zoo.width import scaled
from nas_cli.spaces.architecture import Architecture, Node, node

STAGES = ((16, 1), (32, 2), (64, 2))
"""Filters and the stride of the first block, per stage."""


def resnet20(
    input_shape: tuple[int, ...], classes: int, shortcut: str = "projection", width: float = 1.0
) -> Architecture:
    """ResNet-20: 40.81 M MACs and 0.27 M parameters on 32×32×3 with projections, 40.55 M with 'pad'."""
    return resnet_cifar(input_shape, classes, 3, shortcut, width)


def resnet56(
    input_shape: tuple[int, ...], classes: int, shortcut: str = "projection", width: float = 1.0
) -> Architecture:
    """ResNet-56: 125.75 M MACs and 0.86 M parameters on 32×32×3 with projections, 125.49 M with 'pad'."""
    return resnet_cifar(input_shape, classes, 9, shortcut, width)


def resnet_cifar(
    input_shape: tuple[int, ...], classes: int, blocks: int, shortcut: str, width: float = 1.0
) -> Architecture:
    """A residual network with `blocks` blocks of two 3×3 convolutions in each of three stages.

    Batch norm follows every convolution, ReLU every block's sum; He initialisation (He et al. 2015). Where a stage
    halves the map, the shortcut is a 1×1 convolution of stride 2 with batch norm ('projection', option B of the paper,
    the default) or every second pixel with zeros for the new channels ('pad', option A, which the paper uses on
    CIFAR-10; here the zeros are all behind the old channels). `width` multiplies the filters of every convolution.

    Raises:
        ConfigError: if the input is not (height, width, channels), the shortcut is another word, or the width is not
            above 0.
    """
    if len(input_shape) != 3:
        raise ConfigError(f"a residual network needs images (height, width, channels), got shape {input_shape}.")
    if shortcut not in ("projection", "pad"):
        raise ConfigError(f"shortcut must be 'projection' or 'pad', got {shortcut!r}.")
    nodes: list[Node] = [node("input", shape=tuple(input_shape))]
    last = add(nodes, node("activation", (convolution(nodes, 0, scaled(STAGES[0][0], width), 3),), activation="relu"))
    for filters, first_stride in STAGES:
        for block in range(blocks):
            last = _block(nodes, last, scaled(filters, width), first_stride if block == 0 else 1, shortcut)
    pooled = add(nodes, node("global_average_pool", (last,)))
    add(nodes, node("dense", (pooled,), units=classes, activation="linear", initializer="he_normal"))
    return Architecture(tuple(nodes))


def _block(nodes: list[Node], source: int, filters: int, stride: int, shortcut: str) -> int:
    first = convolution(nodes, source, filters, 3, stride)
    active = add(nodes, node("activation", (first,), activation="relu"))
    second = convolution(nodes, active, filters, 3, 1)
    side = source if stride == 1 else _shortcut(nodes, source, filters, stride, shortcut)
    summed = add(nodes, node("merge", (second, side), mode="sum"))
    return add(nodes, node("activation", (summed,), activation="relu"))


def _shortcut(nodes: list[Node], source: int, filters: int, stride: int, shortcut: str) -> int:
    if shortcut == "projection":
        return convolution(nodes, source, filters, 1, stride)
    return add(nodes, node("subsample", (source,), size=stride))
