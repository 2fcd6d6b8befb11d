"""The cost of an architecture, counted without building it."""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache

from nas_cli.costs import formulas
from nas_cli.costs.cost import INFERENCE_VIEW, OWN, VIEW, Cost, LayerCost, total
from nas_cli.costs.lowering import Primitive, lower
from nas_cli.costs.shapes import Shape
from nas_cli.spaces.architecture import Architecture


@lru_cache(maxsize=64)
def architecture_cost(architecture: Architecture) -> Cost:
    """The cost on one example; equal to `model_cost` of the built model. Needs no TensorFlow.

    Standardising the input belongs to the data and is not counted, nor are zeros made of the input itself. Nodes that
    the output does not need are not counted either: they are not built. The latest costs are kept: a search asks for
    that of one network several times.

    Raises:
        ConfigError: if a node cannot work on its inputs, see `nas_cli.costs.shapes.shapes`.
    """
    primitives = lower(architecture)
    layers: list[LayerCost] = []
    data: set[int] = set()
    for position, layer in enumerate(primitives):
        if layer.op == "input" or (layer.op == "zeros" and data.issuperset(layer.inputs)):
            data.add(position)
            memory = VIEW if layer.inputs else OWN
            layers.append(LayerCost(layer.name, layer.op, layer.inputs, layer.shape, memory=memory))
        else:
            layers.append(_layer_cost(layer, [primitives[source].shape for source in layer.inputs]))
    return total(layers, [len(layers) - 1])


def _layer_cost(layer: Primitive, inputs: Sequence[Shape]) -> LayerCost:
    params, trainable = _params(layer, inputs)
    macs, other_flops = _OPERATIONS[layer.op](layer, inputs)
    return LayerCost(
        layer.name, layer.op, layer.inputs, layer.shape, params, trainable, macs, other_flops, _memory(layer)
    )


def _memory(layer: Primitive) -> str:
    if layer.op == "flatten" or (layer.op == "activation" and layer.settings["activation"] == "linear"):
        return VIEW
    return INFERENCE_VIEW if layer.op == "dropout" else OWN


def _params(layer: Primitive, inputs: Sequence[Shape]) -> tuple[int, int]:
    """(all, trainable)."""
    if layer.op == "batch_norm":
        return 4 * layer.shape[-1], 2 * layer.shape[-1]
    if layer.op not in ("conv2d", "depthwise_conv2d", "dense"):
        return 0, 0
    kernel = 1 if layer.op == "dense" else layer.settings["kernel"] ** 2
    channels = 1 if layer.op == "depthwise_conv2d" else inputs[0][-1]
    count = (kernel * channels + layer.settings.get("use_bias", True)) * layer.shape[-1]
    return count, count


def _conv2d(layer: Primitive, inputs: Sequence[Shape]) -> tuple[int, int]:
    kernel = (layer.settings["kernel"],) * 2
    macs = formulas.convolution_macs(layer.shape[:2], kernel, inputs[0][-1], layer.shape[-1])
    return macs, _affine(layer)


def _depthwise_conv2d(layer: Primitive, inputs: Sequence[Shape]) -> tuple[int, int]:
    kernel = (layer.settings["kernel"],) * 2
    multiplier = layer.settings.get("multiplier", 1)
    return formulas.depthwise_macs(layer.shape[:2], kernel, inputs[0][-1], multiplier), _affine(layer)


def _dense(layer: Primitive, inputs: Sequence[Shape]) -> tuple[int, int]:
    return formulas.dense_macs((), inputs[0][-1], layer.shape[-1]), _affine(layer)


def _affine(layer: Primitive) -> int:
    settings = layer.settings
    activation = settings.get("activation", "linear")
    return formulas.affine_flops(math.prod(layer.shape), settings.get("use_bias", True), activation)


def _pool(layer: Primitive, inputs: Sequence[Shape]) -> tuple[int, int]:
    return 0, formulas.pooling_flops(math.prod(layer.shape), (layer.settings["size"],) * 2)


def _free(layer: Primitive, inputs: Sequence[Shape]) -> tuple[int, int]:
    return 0, 0


_OPERATIONS: dict[str, Callable[[Primitive, Sequence[Shape]], tuple[int, int]]] = {
    "conv2d": _conv2d,
    "depthwise_conv2d": _depthwise_conv2d,
    "dense": _dense,
    "batch_norm": lambda layer, inputs: (0, formulas.BATCH_NORM_FLOPS * math.prod(layer.shape)),
    "activation": lambda layer, inputs: (
        0,
        math.prod(layer.shape) * formulas.activation_flops(layer.settings["activation"]),
    ),
    "max_pool": _pool,
    "average_pool": _pool,
    "align_pool": lambda layer, inputs: (
        0,
        formulas.pooling_flops(math.prod(layer.shape), layer.settings["window"]),
    ),
    "subsample": lambda layer, inputs: (0, formulas.pooling_flops(math.prod(layer.shape), (1,))),
    "global_average_pool": lambda layer, inputs: (0, math.prod(inputs[0])),
    "zeros": lambda layer, inputs: (0, formulas.RESCALING_FLOPS * math.prod(layer.shape)),
    "add": lambda layer, inputs: (0, formulas.elementwise_flops(math.prod(layer.shape), len(inputs))),
    "concat": _free,
    "crop": _free,
    "pad_border": _free,
    "shift": _free,
    "pad_channels": _free,
    "flatten": _free,
    "dropout": _free,
}
