"""Random chain networks with all operations, and random changes of them."""

import numpy as np

from nas_cli.spaces.architecture import Architecture, Node, node
from nas_cli.spaces.morphism import Morphism
from nas_cli.strategies.network_morphism.change import changed


def chain(rng: np.random.Generator) -> Architecture:
    """Two or three blocks on 9×9 maps of two channels, then one hidden dense layer."""
    nodes: list[Node] = [node("input", shape=(9, 9, 2))]

    def add(op: str, **settings: int | float | str | bool) -> None:
        nodes.append(node(op, (len(nodes) - 1,), **settings))

    for _ in range(int(rng.integers(2, 4))):
        normalised = bool(rng.integers(2))
        filters, kernel = int(rng.integers(2, 6)), int(rng.choice([1, 2, 3, 5]))
        activation = "linear" if normalised else "relu"
        add("conv2d", filters=filters, kernel=kernel, activation=activation, use_bias=not normalised)
        if normalised:
            add("batch_norm")
            add("activation", activation="relu")
        tail = int(rng.integers(4))
        if tail == 1:
            add("max_pool", size=2)
        elif tail == 2:
            add("dropout", rate=0.3)
        elif tail == 3:
            add("depthwise_conv2d", kernel=3, multiplier=int(rng.integers(1, 3)), activation="relu")
    add(str(rng.choice(["flatten", "global_average_pool"])))
    add("dense", units=6, activation="relu")
    add("dense", units=3, activation="linear")
    return Architecture(tuple(nodes))


def changes(architecture: Architecture, count: int, rng: np.random.Generator) -> tuple[Architecture, list[Morphism]]:
    """The architecture after so many random changes, and these."""
    found = changed(architecture, count, (1.5, 2.0), rng)
    if found is None:
        raise ValueError("a chain of layers with ReLU can always change")
    return found[0], list(found[1])
