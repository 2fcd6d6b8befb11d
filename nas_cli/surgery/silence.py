"""Whether a call gives zeros once the mask has set to zero every weight that belongs to removed channels."""

from collections.abc import Sequence

import keras
import numpy as np

from nas_cli.surgery.graph import Step

KERNEL = ("kernel", "depthwise_kernel")
WITHOUT_CONSTANT = frozenset({"LayerNormalization", "RMSNormalization", "GroupNormalization", "PReLU", "LayerScale"})
"""Layers that give zeros on zeros when their own weights are zeros."""


def gives_zero(step: Step, zeros: Sequence[bool], silenced: bool) -> bool:
    """Whether the call's output is all zeros.

    `zeros`: whether each of its inputs is. `silenced`: whether the mask zeroes all its weights that matter here.
    Layers without weights are run on zeros to find out.
    """
    if step.kind == "InputLayer":
        return False
    if any(hasattr(step.layer, name) for name in KERNEL) and hasattr(step.layer, "activation"):
        return silenced and _keeps_zero(step.layer.activation)
    if step.kind == "BatchNormalization":
        return silenced and (bool(step.layer.scale) or all(zeros))
    if not all(zeros):
        return False
    if getattr(step.layer, "weights", ()):
        return silenced and step.kind in WITHOUT_CONSTANT
    values = {id(tensor): keras.ops.zeros((1, *tensor.shape[1:]), tensor.dtype) for tensor in step.node.input_tensors}
    args, kwargs = step.node.arguments.fill_in(values)
    return all(
        not np.any(keras.ops.convert_to_numpy(value)) for value in keras.tree.flatten(step.layer(*args, **kwargs))
    )


def _keeps_zero(function: object) -> bool:
    return not callable(function) or not np.any(keras.ops.convert_to_numpy(function(keras.ops.zeros((1, 1)))))
