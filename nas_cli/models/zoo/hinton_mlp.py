"""The fully connected networks of the MNIST experiment of Hinton, Vinyals & Dean 2015 (arXiv:1503.02531, section 3)."""

from collections.abc import Sequence

from nas_cli.models.zoo.width import scaled
from nas_cli.spaces.architecture import Architecture, Node, node


def hinton_teacher(input_shape: tuple[int, ...], classes: int, width: float = 1.0) -> Architecture:
    """Two hidden layers of 1200 ReLU units, dropout 0.2 on the inputs and 0.5 behind each: 2,395,210 parameters.

    The rates are those of the paper's source for them (Hinton et al. 2012, arXiv:1207.0580), on 28×28×1 with 10
    classes. Without its bound on the norm of a unit's incoming weights. For the paper's shifts of up to two pixels
    add `--augmentation jitter`. `width` multiplies the units of the hidden layers.
    """
    return _mlp(input_shape, classes, (1200, 1200), width, (0.2, 0.5))


def hinton_student(input_shape: tuple[int, ...], classes: int, width: float = 1.0) -> Architecture:
    """Two hidden layers of 800 ReLU units without regularisation: 1,276,810 parameters on 28×28×1 with 10 classes.

    `width` multiplies the units of the hidden layers.
    """
    return _mlp(input_shape, classes, (800, 800), width)


def hinton_small_student(input_shape: tuple[int, ...], classes: int, width: float = 1.0) -> Architecture:
    """Two hidden layers of 30 ReLU units: 24,790 parameters on 28×28×1 with 10 classes.

    The paper's student in which temperatures of 2.5 to 4 were better than higher or lower ones. `width` multiplies
    the units of the hidden layers.
    """
    return _mlp(input_shape, classes, (30, 30), width)


def _mlp(
    input_shape: tuple[int, ...],
    classes: int,
    hidden: Sequence[int],
    width: float,
    dropout: tuple[float, float] | None = None,
) -> Architecture:
    """`dropout`: the rates of the inputs and of the hidden layers."""
    nodes: list[Node] = [node("input", shape=tuple(input_shape)), node("flatten", (0,))]
    if dropout is not None:
        nodes.append(node("dropout", (len(nodes) - 1,), rate=dropout[0]))
    for units in hidden:
        nodes.append(node("dense", (len(nodes) - 1,), units=scaled(units, width), activation="relu"))
        if dropout is not None:
            nodes.append(node("dropout", (len(nodes) - 1,), rate=dropout[1]))
    nodes.append(node("dense", (len(nodes) - 1,), units=classes, activation="linear"))
    return Architecture(tuple(nodes))
