"""How many weights of a model are not zero."""

from typing import Any

import numpy as np


def nonzero_weights(model: Any) -> int:
    """The number of the model's parameters (as Keras counts them) that are not exactly zero.

    Batch norms' statistics and a Normalization's are parameters, states of random generators are none.
    """
    return sum(int(np.count_nonzero(np.asarray(weight))) for weight in model.weights)
