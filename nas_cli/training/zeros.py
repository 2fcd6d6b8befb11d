"""Weights that are zero and stay so while the others are trained."""

from collections.abc import Sequence
from typing import Any, final

import numpy as np
from keras import ops
from numpy.typing import NDArray


@final
class ZerosStay:
    """A penalty that costs nothing: after each step it sets what is not in the masks of variables to zero."""

    def __init__(self, variables: Sequence[Any], masks: Sequence[NDArray[np.bool_]] | None = None) -> None:
        """`masks`: one for each variable, True where it is trained; None masks what is zero now."""
        found = [ops.convert_to_numpy(variable) != 0 for variable in variables] if masks is None else masks
        self._masked = [(variable, mask) for variable, mask in zip(variables, found, strict=True) if not mask.all()]

    def loss(self) -> Any:
        return ops.zeros((), "float32")

    def after_step(self, learning_rate: Any) -> None:
        for variable, mask in self._masked:
            # A product would make half of them -0.0, which a compressed file keeps apart from 0.0.
            variable.assign(ops.where(mask, variable, 0.0))
