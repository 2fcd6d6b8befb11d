"""The rule for each class of layer, by its name; a class that is not here is refused, never guessed."""

from collections.abc import Callable

from nas_cli.errors import ConfigError
from nas_cli.surgery import affine, elementwise, movement, normalization, opaque, spatial
from nas_cli.surgery.effect import Context, Effect

Rule = Callable[[Context], Effect]


def effect(context: Context) -> Effect:
    """What the call does to channels.

    Raises:
        ConfigError: naming the layer's path and class, if the class has no rule.
    """
    kind = type(context.layer)
    rules = _RULES if context.call.is_layer else _RULES | _OPERATIONS
    if kind.__module__.partition(".")[0] != "keras" or kind.__name__ not in rules:
        raise ConfigError(
            f"layer '{context.path}' is a {kind.__module__}.{kind.__name__}, whose channels cannot be followed: "
            "replace it by layers of keras.layers that do the same."
        )
    return rules[kind.__name__](context)


def _table(*groups: tuple[Rule, str]) -> dict[str, Rule]:
    return {name: rule for rule, names in groups for name in names.split()}


_RULES = _table(
    (opaque.model_input, "InputLayer"),
    (affine.convolution, "Conv1D Conv2D Conv3D"),
    (affine.transposed, "Conv1DTranspose Conv2DTranspose Conv3DTranspose"),
    (affine.depthwise, "DepthwiseConv1D DepthwiseConv2D"),
    (affine.separable, "SeparableConv1D SeparableConv2D"),
    (affine.dense, "Dense"),
    (normalization.batch_normalization, "BatchNormalization"),
    (normalization.group_normalization, "GroupNormalization"),
    (normalization.layer_normalization, "LayerNormalization RMSNormalization"),
    (normalization.unit_normalization, "UnitNormalization"),
    (normalization.standardisation, "Rescaling Normalization"),
    (elementwise.activation, "Activation"),
    (elementwise.softmax, "Softmax LogSoftmax Sparsemax Normalize"),
    (elementwise.prelu, "PReLU"),
    (elementwise.layer_scale, "LayerScale"),
    (elementwise.dropout, "Dropout GaussianDropout AlphaDropout"),
    (
        elementwise.elementwise,
        "ReLU LeakyReLU ELU Relu Relu6 LeakyRelu Elu Selu Celu Gelu Silu Sigmoid LogSigmoid HardSigmoid HardSilu "
        "Tanh HardTanh Softplus Softsign Mish HardShrink SoftShrink TanhShrink Squareplus SparsePlus SparseSigmoid "
        "Threshold Negative Square Sqrt Rsqrt Cbrt Reciprocal Exp Exp2 Expm1 Log Log1p Log2 Log10 Absolute Abs "
        "Fabs Sign Sin Cos Tan Sinh Cosh Erf Erfc Floor Ceil Round Trunc Clip NanToNum Cast SaturateCast Copy "
        "Identity StopGradient GaussianNoise SpatialDropout1D SpatialDropout2D SpatialDropout3D "
        "ActivityRegularization StochasticDepth RandomBrightness RandomInvert Solarization",
    ),
    (
        elementwise.join,
        "Add Subtract Multiply Divide TrueDivide Average Maximum Minimum Power FloorDivide CustomScaleLayer",
    ),
    (movement.concatenation, "Concatenate"),
    (movement.slicing, "GetItem"),
    (movement.rolled, "Roll"),
    (movement.padded, "Pad"),
    (
        movement.moved,
        "Flatten Reshape Permute RepeatVector Transpose Squeeze ExpandDims Swapaxes Moveaxis Stack Split "
        "Flip Tile Repeat DepthToSpace SpaceToDepth",
    ),
    (spatial.padding, "ZeroPadding1D ZeroPadding2D ZeroPadding3D"),
    (spatial.cropping, "Cropping1D Cropping2D Cropping3D"),
    (
        spatial.global_pooling,
        "GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GlobalAveragePooling1D GlobalAveragePooling2D "
        "GlobalAveragePooling3D",
    ),
    (spatial.reduction, "Mean Sum Max Min Prod Var Std Amax Amin"),
    (
        spatial.each_map,
        "MaxPooling1D MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D AveragePooling3D "
        "AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D AdaptiveMaxPooling1D "
        "AdaptiveMaxPooling2D AdaptiveMaxPooling3D MaxPool AveragePool UpSampling1D UpSampling2D UpSampling3D "
        "Resizing Resize CenterCrop RandomCrop RandomFlip RandomRotation RandomTranslation RandomZoom RandomShear "
        "RandomPerspective",
    ),
    (
        opaque.opaque,
        "MultiHeadAttention GroupedQueryAttention Attention AdditiveAttention EinsumDense Dot Embedding Einsum Matmul "
        "LSTM GRU SimpleRNN ConvLSTM1D ConvLSTM2D ConvLSTM3D Bidirectional TimeDistributed SpectralNormalization "
        "RandomContrast RandomColorJitter RandomColorDegeneration RandomGrayscale RandomHue RandomSaturation "
        "RandomSharpness RandomPosterization RandomGaussianBlur RandomErasing RandomElasticTransform AutoContrast "
        "Equalization ContrastLimitedAdaptiveHistogramEqualization RandAugment AugMix",
    ),
)

_OPERATIONS = _table((spatial.average, "Average"), (opaque.opaque, "Dot"))
"""Classes of keras.ops that have the name of a layer and compute something else."""
