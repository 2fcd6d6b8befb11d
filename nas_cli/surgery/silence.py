"""Whether a call gives zeros once the mask has set to zero every weight that belongs to removed channels."""

from collections.abc import Sequence

import keras
import numpy as np

from nas_cli.costs.keras_graph import Call

KERNEL = ("kernel", "depthwise_kernel")
WITHOUT_CONSTANT = frozenset({"LayerNormalization", "RMSNormalization", "GroupNormalization", "PReLU", "LayerScale"})
"""Layers that give zeros on zeros when their own weights are zeros."""


def gives_zero(call: Call, zeros: Sequence[bool], silenced: bool) -> bool:
    """Whether the call's output is all zeros.

    `zeros`: whether each of its inputs is. `silenced`: whether the mask zeroes all its weights that matter here.
    Layers without weights are run on zeros to find out.
    """
    if call.kind == "InputLayer":
        return False
    if any(hasattr(call.operation, name) for name in KERNEL) and hasattr(call.operation, "activation"):
        return silenced and _keeps_zero(call.operation.activation)
    if call.kind == "BatchNormalization":
        return silenced and (bool(call.operation.scale) or all(zeros))
    if not all(zeros):
        return False
    if getattr(call.operation, "weights", ()):
        return silenced and call.kind in WITHOUT_CONSTANT
    values = {id(tensor): keras.ops.zeros((1, *tensor.shape[1:]), tensor.dtype) for tensor in call.node.input_tensors}
    args, kwargs = call.node.arguments.fill_in(values)
    return all(
        not np.any(keras.ops.convert_to_numpy(value)) for value in keras.tree.flatten(call.operation(*args, **kwargs))
    )


def _keeps_zero(function: object) -> bool:
    return not callable(function) or not np.any(keras.ops.convert_to_numpy(function(keras.ops.zeros((1, 1)))))
