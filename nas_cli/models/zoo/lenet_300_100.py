"""LeNet-300-100: two fully connected hidden layers (LeCun et al. 1998), the net of the first lottery tickets."""

from nas_cli.models.zoo.width import scaled
from nas_cli.spaces.architecture import Architecture, Node, node


def lenet_300_100(input_shape: tuple[int, ...], classes: int, width: float = 1.0) -> Architecture:
    """Hidden layers of 300 and 100 ReLU units, Glorot initialisation: 266,610 parameters on 28×28×1 with 10 classes.

    Source: Frankle & Carbin 2019, arXiv:1803.03635, section 2 (which draws Glorot from a normal distribution, as here).
    `width` multiplies the units of the hidden layers.
    """
    nodes: list[Node] = [node("input", shape=tuple(input_shape)), node("flatten", (0,))]
    for units in (300, 100):
        nodes.append(_dense(len(nodes) - 1, scaled(units, width), "relu"))
    nodes.append(_dense(len(nodes) - 1, classes, "linear"))
    return Architecture(tuple(nodes))


def _dense(source: int, units: int, activation: str) -> Node:
    return node("dense", (source,), units=units, activation=activation, initializer="glorot_normal")
