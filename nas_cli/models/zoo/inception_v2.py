"""Inception v2: the Inception network with batch normalisation (Ioffe & Szegedy 2015, arXiv:1502.03167)."""

from dataclasses import dataclass

from nas_cli.errors import ConfigError
from nas_cli.models.zoo.normalised import add, convolution
from nas_cli.models.zoo.width import scaled
from nas_cli.spaces.architecture import Architecture, Node, node

FULL_STEM_HALVINGS = 3
SMALLEST_MODULE_INPUT = 12
DEPTH_MULTIPLIER = 8
DROPOUT = 0.2


@dataclass(frozen=True)
class Module:
    """Filters of one module: 1×1, then 1×1 before 3×3, then 1×1 before two 3×3, then 1×1 behind the pooling.

    Without `one` and `projection` the module halves the map: its last 3×3 of each branch and its pooling have stride 2.
    """

    one: int | None
    three: tuple[int, int]
    double: tuple[int, int]
    pool: str
    projection: int | None


MODULES = (
    Module(64, (64, 64), (64, 96), "average_pool", 32),
    Module(64, (64, 96), (64, 96), "average_pool", 64),
    Module(None, (128, 160), (64, 96), "max_pool", None),
    Module(224, (64, 96), (96, 128), "average_pool", 128),
    Module(192, (96, 128), (96, 128), "average_pool", 128),
    Module(160, (128, 160), (128, 160), "average_pool", 96),
    Module(96, (128, 192), (160, 192), "average_pool", 96),
    Module(None, (128, 192), (192, 256), "max_pool", None),
    Module(352, (192, 320), (160, 224), "average_pool", 128),
    Module(352, (192, 320), (192, 224), "max_pool", 128),
)
"""Figure 5 of the paper, 3a to 5b. Of 4c and 4d it prints 128 filters behind the pooling and 576 outputs, which do not
agree; 96 filters give the 576 outputs, as in the implementation that its authors published."""


def inception_v2(input_shape: tuple[int, ...], classes: int, width: float = 1.0) -> Architecture:
    """Ten Inception modules: 11.2 M parameters and 1.94 G MACs on 224×224×3 with 1000 classes.

    The first convolution is separable (7×7 depthwise with 8 outputs per input channel, then 1×1), as in the paper.
    Batch norm, with gammas, and ReLU follow every convolution but the depthwise one; He initialisation; dropout of 0.2
    before the output layer, both as in the published implementation.

    On images below 96 pixels the stem halves the map only as often as leaves the first module 12 pixels: the first
    convolution is 3×3 of stride 1, and below 48 pixels its pooling is left out, below 24 that of the second too.
    `width` multiplies the filters of every convolution.

    Raises:
        ConfigError: if the input is not (height, width, channels) or the width is not above 0.
    """
    if len(input_shape) != 3:
        raise ConfigError(f"inception_v2 needs images (height, width, channels), got shape {input_shape}.")
    nodes: list[Node] = [node("input", shape=tuple(input_shape))]
    last = _stem(nodes, input_shape, width)
    for module in MODULES:
        last = _module(nodes, last, module, width)
    last = add(nodes, node("global_average_pool", (last,)))
    last = add(nodes, node("dropout", (last,), rate=DROPOUT))
    add(nodes, node("dense", (last,), units=classes, activation="linear"))
    return Architecture(tuple(nodes))


def stem_halvings(size: int) -> int:
    """How often the stem halves a map of that size: 3 times from 96 pixels, else while 12 remain."""
    halvings = 0
    while halvings < FULL_STEM_HALVINGS and size >> (halvings + 1) >= SMALLEST_MODULE_INPUT:
        halvings += 1
    return halvings


def _stem(nodes: list[Node], input_shape: tuple[int, ...], width: float) -> int:
    """Separable convolution, max-pooling, 1×1 and 3×3 convolutions, max-pooling."""
    halvings = stem_halvings(min(input_shape[:2]))
    full = halvings == FULL_STEM_HALVINGS
    first = scaled(64, width)
    multiplier = max(1, min(DEPTH_MULTIPLIER, first // input_shape[2]))
    spread = add(
        nodes,
        node(
            "depthwise_conv2d",
            (0,),
            kernel=7 if full else 3,
            stride=2 if full else 1,
            multiplier=multiplier,
            use_bias=False,
            initializer="he_normal",
        ),
    )
    last = _convolution(nodes, spread, first, 1)
    if halvings >= 2:
        last = add(nodes, node("max_pool", (last,), size=3, stride=2))
    last = _convolution(nodes, last, first, 1)
    last = _convolution(nodes, last, scaled(192, width), 3)
    return add(nodes, node("max_pool", (last,), size=3, stride=2)) if halvings >= 1 else last


def _module(nodes: list[Node], source: int, module: Module, width: float) -> int:
    """The position of the concatenated branches."""
    stride = 2 if module.projection is None else 1
    branches = []
    if module.one is not None:
        branches.append(_convolution(nodes, source, scaled(module.one, width), 1))
    reduced = _convolution(nodes, source, scaled(module.three[0], width), 1)
    branches.append(_convolution(nodes, reduced, scaled(module.three[1], width), 3, stride))
    reduced = _convolution(nodes, source, scaled(module.double[0], width), 1)
    between = _convolution(nodes, reduced, scaled(module.double[1], width), 3)
    branches.append(_convolution(nodes, between, scaled(module.double[1], width), 3, stride))
    pooled = add(nodes, node(module.pool, (source,), size=3, stride=stride))
    if module.projection is not None:
        pooled = _convolution(nodes, pooled, scaled(module.projection, width), 1)
    return add(nodes, node("merge", (*branches, pooled), mode="concat"))


def _convolution(nodes: list[Node], source: int, filters: int, kernel: int, stride: int = 1) -> int:
    """The position of the ReLU behind a new convolution with batch norm."""
    normalised = convolution(nodes, source, filters, kernel, stride)
    return add(nodes, node("activation", (normalised,), activation="relu"))
