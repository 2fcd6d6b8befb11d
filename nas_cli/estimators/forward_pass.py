"""The outputs of a NeuralNetwork, by NumPy."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_cli.spaces.neural_network import NeuralNetwork

Array = NDArray[np.float64]
SLOPE = 4.9
"""Of NEAT's steepened sigmoid (Stanley & Miikkulainen 2002, section 4.1)."""


def _sigmoid(x: Array) -> Array:
    # Where exp overflows, 1 / inf is the 0 that is meant.
    return np.asarray(1.0 / (1.0 + np.exp(-SLOPE * x)))


FUNCTIONS: dict[str, Callable[[Array], Any]] = {
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0.0),
    "gaussian": lambda x: np.exp(-x * x),
    "sine": np.sin,
    "linear": lambda x: x,
}


def outputs(network: NeuralNetwork, features: Array) -> Array:
    """The outputs (outputs, examples) of features (inputs, examples): one pass over the units, which are in order.

    Values too large for a float are infinite or NaN; NumPy warns of it unless the caller has silenced it.
    """
    values = np.empty((network.inputs + len(network.units), features.shape[1]))
    values[: network.inputs] = features
    for place, (bias, activation, reads) in enumerate(network.units, start=network.inputs):
        if reads:
            positions, weights = zip(*reads, strict=True)
            total = np.array(weights) @ values.take(positions, axis=0) + bias
        else:
            total = np.full(features.shape[1], bias)
        values[place] = FUNCTIONS[activation](total)
    return values[-network.outputs :]
