"""How many operations one call of each Keras layer needs, by the layer's class name.

Classes are named, not imported: this table costs nothing until a model is counted. Only Keras' own classes are in
it; a class that is not, or a subclass with its own computation, is an error and never counted as nothing.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from nas_cli.costs import formulas
from nas_cli.costs.cost import INFERENCE_VIEW, OWN, VIEW
from nas_cli.costs.keras_graph import Call
from nas_cli.costs.keras_products import (
    array_dot_count,
    attention_count,
    dot_count,
    einsum_count,
    einsum_dense_count,
    matmul_count,
    plain_attention_count,
)
from nas_cli.costs.keras_recurrent import convolutional_count, recurrent_count
from nas_cli.costs.shapes import Shape
from nas_cli.errors import ConfigError

Count = tuple[int, int]
"""(MACs, other FLOPs)."""


def count(call: Call) -> Count:
    """(MACs, other FLOPs) of one call on one example.

    Raises:
        ConfigError: naming the layer's path and class, if the class is not in the table.
    """
    kind = type(call.operation)
    if kind.__name__ in _WRAPPERS and kind.__module__.startswith("keras."):
        return _WRAPPERS[kind.__name__](call)
    counts = _COUNTS if call.is_layer else _COUNTS | _OPERATIONS
    if kind.__module__.partition(".")[0] != "keras" or kind.__name__ not in counts:
        raise ConfigError(
            f"layer '{call.path}' is a {kind.__module__}.{kind.__name__}, which the cost model cannot count: replace "
            "it by Keras layers it knows."
        )
    return counts[kind.__name__](call)


def memory(call: Call) -> str:
    """Whether the output is a tensor of its own, or shares its input's memory always or outside training."""
    kind = type(call.operation).__name__
    linear = kind == "Activation" and activation_name(call.operation) == "linear"
    if kind in _VIEWS or linear:
        return VIEW
    return INFERENCE_VIEW if kind in _TRAINING_ONLY else OWN


def activation_name(layer: Any) -> str:
    """The name of the layer's activation: 'linear', 'relu', …"""
    return str(getattr(layer.activation, "__name__", type(layer.activation).__name__))


def _spatial(layer: Any, shape: Shape) -> Shape:
    return shape[1:] if layer.data_format == "channels_first" else shape[:-1]


def _channels(layer: Any, shape: Shape) -> int:
    return shape[0] if layer.data_format == "channels_first" else shape[-1]


def _affine(call: Call) -> int:
    layer = call.operation
    return formulas.affine_flops(call.size, layer.use_bias, activation_name(layer))


def _convolution(call: Call) -> Count:
    layer, shape = call.operation, call.shapes[0]
    channels = _channels(layer, call.input_shapes[0])
    macs = formulas.convolution_macs(_spatial(layer, shape), layer.kernel_size, channels, layer.filters, layer.groups)
    return macs, _affine(call)


def _transposed(call: Call) -> Count:
    """Each input position meets the whole kernel; what 'same' padding then cuts off is counted too."""
    layer, shape = call.operation, call.input_shapes[0]
    macs = formulas.convolution_macs(_spatial(layer, shape), layer.kernel_size, _channels(layer, shape), layer.filters)
    return macs, _affine(call)


def _depthwise(call: Call) -> Count:
    layer = call.operation
    channels = _channels(layer, call.input_shapes[0])
    spatial = _spatial(layer, call.shapes[0])
    return formulas.depthwise_macs(spatial, layer.kernel_size, channels, layer.depth_multiplier), _affine(call)


def _separable(call: Call) -> Count:
    layer = call.operation
    channels = _channels(layer, call.input_shapes[0])
    spatial = _spatial(layer, call.shapes[0])
    depthwise = formulas.depthwise_macs(spatial, layer.kernel_size, channels, layer.depth_multiplier)
    pointwise = formulas.convolution_macs(spatial, (1,), channels * layer.depth_multiplier, layer.filters)
    return depthwise + pointwise, _affine(call)


def _dense(call: Call) -> Count:
    shape = call.input_shapes[0]
    return formulas.dense_macs(shape[:-1], shape[-1], call.operation.units), _affine(call)


def _pool(call: Call) -> Count:
    window, rank = call.operation.pool_size, len(call.shapes[0]) - 1
    return 0, formulas.pooling_flops(call.size, (window,) * rank if isinstance(window, int) else window)


def _join(call: Call) -> Count:
    return 0, formulas.elementwise_flops(call.size, len(call.inputs))


def _activation(call: Call) -> Count:
    return 0, call.size * formulas.activation_flops(activation_name(call.operation))


def _per_output(flops: int) -> Callable[[Call], Count]:
    return lambda call: (0, flops * call.size)


def _per_input(call: Call) -> Count:
    return 0, sum(math.prod(shape) for shape in call.input_shapes)


def _table(**groups: tuple[str, Callable[[Call], Count]]) -> dict[str, Callable[[Call], Count]]:
    return {name: counter for names, counter in groups.values() for name in names.split()}


def _resize(call: Call) -> Count:
    """`interpolation` takes this many neighbours of each output: as many products, one addition fewer."""
    neighbours = {"nearest": 0, "bilinear": 4, "area": 4, "bicubic": 16, "lanczos3": 36, "lanczos5": 100}
    taps = neighbours.get(call.operation.interpolation, 4)
    return 0, max(0, 2 * taps - 1) * call.size


def _repeated(call: Call, times: int, **changed: Any) -> Count:
    """The count of a wrapped layer, `times` over."""
    macs, other = count(replace(call, **changed))
    return times * macs, times * other


def _time_distributed(call: Call) -> Count:
    steps, *shape = call.input_shapes[0]
    changed = {"input_shapes": (tuple(shape),), "shapes": (call.shapes[0][1:],)}
    return _repeated(call, steps, operation=call.operation.layer, **changed)


_WRAPPERS: dict[str, Callable[[Call], Count]] = {
    "SpectralNormalization": lambda call: _repeated(call, 1, operation=call.operation.layer),
    "TimeDistributed": _time_distributed,
    "Bidirectional": lambda call: _repeated(call, 2, operation=call.operation.forward_layer),
}
"""Layers that call another one. Spectral normalisation works on the weights, in training only."""

_VIEWS = frozenset("Flatten Reshape Ravel Identity ExpandDims Squeeze Cast StopGradient".split())
_TRAINING_ONLY = frozenset(
    "Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D GaussianDropout GaussianNoise AlphaDropout "
    "ActivityRegularization StochasticDepth RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast "
    "RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale RandomHue RandomInvert "
    "RandomPerspective RandomPosterization RandomRotation RandomSaturation RandomSharpness RandomShear "
    "RandomTranslation RandomZoom RandAugment AugMix".split()
)
_COUNTS = _table(
    convolution=("Conv1D Conv2D Conv3D", _convolution),
    transposed=("Conv1DTranspose Conv2DTranspose Conv3DTranspose", _transposed),
    depthwise=("DepthwiseConv1D DepthwiseConv2D", _depthwise),
    separable=("SeparableConv1D SeparableConv2D", _separable),
    dense=("Dense", _dense),
    matmul=("Matmul", matmul_count),
    einsum=("Einsum", einsum_count),
    einsum_dense=("EinsumDense", einsum_dense_count),
    dot=("Dot", dot_count),
    attention=("MultiHeadAttention GroupedQueryAttention", attention_count),
    plain_attention=("Attention AdditiveAttention", plain_attention_count),
    recurrent=("LSTM GRU SimpleRNN", recurrent_count),
    convolutional=("ConvLSTM1D ConvLSTM2D ConvLSTM3D", convolutional_count),
    pool=(
        "MaxPooling1D MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D AveragePooling3D MaxPool AveragePool",
        _pool,
    ),
    reduce=(
        "GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GlobalAveragePooling1D GlobalAveragePooling2D "
        "GlobalAveragePooling3D AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D "
        "AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D "
        "Mean Sum Max Min Prod Var Std Amax Amin Logsumexp",
        _per_input,
    ),
    join=("Add Subtract Multiply Divide TrueDivide FloorDivide Average Maximum Minimum Power", _join),
    activation=("Activation", _activation),
    elementwise=(
        "ReLU LeakyReLU PReLU ELU Softmax Relu Relu6 LeakyRelu Elu Selu Celu Sigmoid Tanh Gelu Silu Softplus Softsign "
        "Mish LogSigmoid LogSoftmax Sparsemax SparsePlus SparseSigmoid HardSigmoid HardSilu HardTanh HardShrink "
        "SoftShrink TanhShrink Threshold Squareplus Negative Square Sqrt Rsqrt Cbrt Reciprocal Exp Exp2 Expm1 Log Log2 "
        "Log10 Log1p Erf Erfc Abs Absolute Fabs Sign Sin Cos Tan Sinh Cosh Floor Ceil Round Trunc Clip NanToNum "
        "SaturateCast Where Greater GreaterEqual Less LessEqual Equal NotEqual LayerScale Solarization AutoContrast "
        "Equalization ContrastLimitedAdaptiveHistogramEqualization",
        _per_output(formulas.ACTIVATION_FLOPS),
    ),
    normalization=(
        "BatchNormalization Rescaling Normalization CustomScaleLayer",
        _per_output(formulas.BATCH_NORM_FLOPS),
    ),
    layer_norm=(
        "LayerNormalization GroupNormalization RMSNormalization UnitNormalization Normalize",
        _per_output(formulas.LAYER_NORM_FLOPS),
    ),
    resize=("UpSampling2D Resizing Resize", _resize),
    nothing=(
        "InputLayer Concatenate ZeroPadding1D ZeroPadding2D ZeroPadding3D Cropping1D Cropping2D Cropping3D CenterCrop "
        "RandomCrop Permute Transpose RepeatVector UpSampling1D UpSampling3D Pad GetItem Embedding Stack Split Flip "
        "Roll Moveaxis Swapaxes Take Tile Repeat BroadcastTo Copy SpaceToDepth DepthToSpace",
        _per_output(0),
    ),
    views=(" ".join((*_VIEWS, *_TRAINING_ONLY)), _per_output(0)),
)

_OPERATIONS: dict[str, Callable[[Call], Count]] = {"Average": _per_input, "Dot": array_dot_count}
"""Classes of keras.ops that have the name of a layer and compute something else."""
