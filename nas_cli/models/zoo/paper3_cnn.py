"""The network of the optimizer comparison: three 3×3 convolutions, each followed by max-pooling."""

from collections.abc import Sequence

from nas_cli.errors import ConfigError
from nas_cli.models.zoo.width import scaled
from nas_cli.spaces.architecture import Architecture, Node, node


def paper3_cnn(
    input_shape: tuple[int, ...],
    classes: int,
    filters: Sequence[int] = (32, 64, 128),
    dropout: float = 0.5,
    width: float = 1.0,
) -> Architecture:
    """Three 3×3 convolutions with ReLU, each followed by 2×2 max-pooling, then dropout and the output layer.

    The document gives neither filters nor the dropout rate: 32, 64, 128 and 0.5 are this project's choice.
    `width` multiplies the filters.

    Raises:
        ConfigError: if the input is not (height, width, channels) or the width is not above 0.
    """
    if len(input_shape) != 3:
        raise ConfigError(f"paper3_cnn needs images (height, width, channels), got shape {input_shape}.")
    nodes: list[Node] = [node("input", shape=tuple(input_shape))]
    for count in filters:
        nodes.append(node("conv2d", (len(nodes) - 1,), filters=scaled(count, width), kernel=3, activation="relu"))
        nodes.append(node("max_pool", (len(nodes) - 1,), size=2))
    nodes.append(node("flatten", (len(nodes) - 1,)))
    nodes.append(node("dropout", (len(nodes) - 1,), rate=dropout))
    nodes.append(node("dense", (len(nodes) - 1,), units=classes, activation="linear"))
    return Architecture(tuple(nodes))
