"""VGG-16 for small images: its thirteen convolutions with batch norm, and one dense layer."""

from nas_cli.errors import ConfigError
from nas_cli.models.zoo.normalised import add, convolution
from nas_cli.models.zoo.width import scaled
from nas_cli.spaces.architecture import Architecture, Node, node

STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Filters and number of 3×3 convolutions of each stage; every stage ends with max pooling of 2."""


def vgg16_cifar(input_shape: tuple[int, ...], classes: int, width: float = 1.0) -> Architecture:
    """313.20 M MACs and 14.73 M parameters on 32×32×3 with 10 classes.

    Configuration D of Simonyan & Zisserman 2015 (arXiv:1409.1556) as pruning papers use it on CIFAR (Liu et al. 2017,
    arXiv:1708.06519): batch norm behind every convolution, and in place of the three dense layers one, on the mean of
    what is left of the map. `width` multiplies the filters of every convolution.

    Raises:
        ConfigError: if the input is not (height, width, channels), or the width is not above 0.
    """
    if len(input_shape) != 3:
        raise ConfigError(f"VGG needs images (height, width, channels), got shape {input_shape}.")
    nodes: list[Node] = [node("input", shape=tuple(input_shape))]
    last = 0
    for filters, depth in STAGES:
        for _ in range(depth):
            made = convolution(nodes, last, scaled(filters, width), 3)
            last = add(nodes, node("activation", (made,), activation="relu"))
        last = add(nodes, node("max_pool", (last,), size=2))
    pooled = add(nodes, node("global_average_pool", (last,)))
    add(nodes, node("dense", (pooled,), units=classes, activation="linear", initializer="he_normal"))
    return Architecture(tuple(nodes))
