"""Operations of recurrent Keras layers, which repeat one step along the first axis of a sequence."""

import math

from nas_cli.costs import formulas
from nas_cli.costs.keras_graph import Call

GATES = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}
"""Sums of a product with the input and one with the state, each with a bias and an activation."""

STATE_FLOPS = {"LSTM": 5, "GRU": 5, "SimpleRNN": 0}
"""Per unit and step: LSTM f·c + i·g, its activation and o·c; GRU r·h, z·h, 1 − z, (1 − z)·h' and their sum."""


def recurrent_count(call: Call) -> tuple[int, int]:
    """(MACs, other FLOPs) of LSTM, GRU and SimpleRNN on (steps, features)."""
    layer, kind = call.operation, type(call.operation).__name__
    steps, features = call.input_shapes[0]
    gates = GATES[kind]
    flops = gates * (formulas.BIAS_FLOPS * layer.use_bias + formulas.ACTIVATION_FLOPS) + STATE_FLOPS[kind]
    return steps * gates * layer.units * (features + layer.units), steps * layer.units * flops


def convolutional_count(call: Call) -> tuple[int, int]:
    """(MACs, other FLOPs) of ConvLSTM1D, 2D, 3D: the gates are convolutions of the input and of the state."""
    layer = call.operation
    first = layer.data_format == "channels_first"
    steps, *frame = call.input_shapes[0]
    channels = frame[0] if first else frame[-1]
    output = call.shapes[0][1:] if layer.return_sequences else call.shapes[0]
    spatial = output[1:] if first else output[:-1]
    gates = GATES["LSTM"]
    macs = formulas.convolution_macs(spatial, layer.kernel_size, channels, layer.filters)
    macs += formulas.convolution_macs(spatial, layer.kernel_size, layer.filters, layer.filters)
    flops = gates * (formulas.BIAS_FLOPS * layer.use_bias + formulas.ACTIVATION_FLOPS) + STATE_FLOPS["LSTM"]
    return steps * gates * macs, steps * math.prod(spatial) * layer.filters * flops
