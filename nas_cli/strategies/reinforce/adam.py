"""The Adam optimizer (Kingma & Ba 2015, arXiv:1412.6980, Algorithm 1) in NumPy."""

from collections.abc import Mapping
from typing import final

import numpy as np

from nas_cli.strategies.reinforce.controller import Floats

DECAY_1, DECAY_2, EPSILON = 0.9, 0.999, 1e-8


@final
class Adam:
    """Steps along the first moment of the gradient over the root of the second, both corrected for their start."""

    def __init__(self, parameters: Mapping[str, Floats], learning_rate: float) -> None:
        self._parameters = parameters
        self._learning_rate = learning_rate
        self._first = {name: np.zeros_like(array) for name, array in parameters.items()}
        self._second = {name: np.zeros_like(array) for name, array in parameters.items()}
        self._steps = 0

    def step(self, gradient: Mapping[str, Floats]) -> None:
        """Changes the parameters in place, against their gradient."""
        self._steps += 1
        for name, slope in gradient.items():
            first, second = self._first[name], self._second[name]
            first += (1 - DECAY_1) * (slope - first)
            second += (1 - DECAY_2) * (slope**2 - second)
            mean, spread = first / (1 - DECAY_1**self._steps), second / (1 - DECAY_2**self._steps)
            self._parameters[name][...] -= self._learning_rate * mean / (np.sqrt(spread) + EPSILON)
