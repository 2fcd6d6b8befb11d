"""Convolutions with batch norm, as pieces that the networks of the zoo are written with."""

from nas_cli.spaces.architecture import Node, node


def add(nodes: list[Node], new: Node) -> int:
    """The position of `new`, which is appended to the nodes."""
    nodes.append(new)
    return len(nodes) - 1


def convolution(nodes: list[Node], source: int, filters: int, kernel: int, stride: int = 1) -> int:
    """The position of the batch norm behind a new convolution without bias; He initialisation (He et al. 2015)."""
    made = add(
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
    return add(nodes, node("batch_norm", (made,)))
