"""How many operations each kind of layer needs on one example.

1 MAC (multiply-accumulate) = 2 FLOPs. Convolution and dense layers are counted in MACs; what is counted in
`other_flops` is stated here once, for architectures and for Keras models.
"""

import math
from collections.abc import Sequence

BATCH_NORM_FLOPS = 2
"""Per element at inference: one multiplication and one addition, statistics and affine part folded together."""

RESCALING_FLOPS = 2
"""Per element: one multiplication and one addition; zeros are a multiplication by 0."""

ACTIVATION_FLOPS = 1
"""Per element, whatever the function."""

BIAS_FLOPS = 1
"""Per element of the output."""

LAYER_NORM_FLOPS = 7
"""Per element: sum, centre, square, sum, divide, scale, shift."""


def convolution_macs(
    spatial: Sequence[int], kernel: Sequence[int], channels_in: int, channels_out: int, groups: int = 1
) -> int:
    """H_out · W_out · k_h · k_w · C_in / groups · C_out.

    Every output position counts the whole kernel, also where it hangs over the border into the padding.
    """
    return math.prod(spatial) * math.prod(kernel) * (channels_in // groups) * channels_out


def depthwise_macs(spatial: Sequence[int], kernel: Sequence[int], channels_in: int, multiplier: int = 1) -> int:
    """H_out · W_out · k_h · k_w · C_in · multiplier: each output channel reads one input channel."""
    return math.prod(spatial) * math.prod(kernel) * channels_in * multiplier


def dense_macs(rows: Sequence[int], units_in: int, units_out: int) -> int:
    """in · out for every row: a dense layer on (time, features) works on the last axis of each time step."""
    return math.prod(rows) * units_in * units_out


def affine_flops(outputs: int, use_bias: bool, activation: str) -> int:
    """Bias and activation behind a convolution or dense layer with that many output elements."""
    return outputs * (BIAS_FLOPS * use_bias + activation_flops(activation))


def activation_flops(activation: str) -> int:
    """Per element: none for the identity."""
    return 0 if activation == "linear" else ACTIVATION_FLOPS


def pooling_flops(outputs: int, window: Sequence[int]) -> int:
    """One comparison or addition for each place of each output's window; whole windows also at the border."""
    return outputs * math.prod(window)


def elementwise_flops(outputs: int, operands: int) -> int:
    """Joining n tensors takes n − 1 operations per element; a tensor and a constant take one."""
    return outputs * max(1, operands - 1)
