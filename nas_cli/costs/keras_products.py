"""Multiply-accumulates of matrix products that Keras layers and operations write as such, attention among them."""

import inspect
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nas_cli.costs import formulas
from nas_cli.costs.keras_graph import Call
from nas_cli.costs.shapes import Shape
from nas_cli.errors import ConfigError


def matmul_count(call: Call) -> tuple[int, int]:
    """(MACs, 0): every number of the result is a sum over the last axis of the left operand, a tensor or an array.

    Raises:
        ConfigError: naming the layer, if the sum would be over the batch.
    """
    given = _arguments(call)
    left, right = given["x1"], given["x2"]
    if (_is_tensor(left) and len(left.shape) < 2) or (_is_tensor(right) and len(right.shape) < 3 - _is_tensor(left)):
        raise _not_counted(call, "which sums over the batch")
    return call.size * _shape(left)[-1], 0


def array_dot_count(call: Call) -> tuple[int, int]:
    """(MACs, 0) of `keras.ops.dot` of a tensor and an array: as matmul, over the tensor's last axis.

    Raises:
        ConfigError: naming the layer, if the operands are others.
    """
    given = _arguments(call)
    left, right = given["x1"], given["x2"]
    if not _is_tensor(left) or len(left.shape) < 2 or _is_tensor(right) or not np.ndim(right):
        raise _not_counted(call, "whose left operand must be a tensor and whose right one an array")
    return call.size * _shape(left)[-1], 0


def einsum_count(call: Call) -> tuple[int, int]:
    """(MACs, 0) of `keras.ops.einsum`: the product of the sizes of all letters and '...', the batch's left out.

    Raises:
        ConfigError: naming the layer, if the letters are not the axes of the operands.
    """
    operands = call.operation.subscripts.replace(" ", "").partition("->")[0].split(",")
    shapes = [_shape(value) for value in _arguments(call)["operands"]]
    if len(operands) != len(shapes):
        raise _not_counted(call, f"of {len(shapes)} operands with the equation '{call.operation.subscripts}'")
    return _letters(call, operands, shapes), 0


def einsum_dense_count(call: Call) -> tuple[int, int]:
    """(MACs, other FLOPs) of EinsumDense: its equation, bias and activation."""
    layer = call.operation
    operands = layer.equation.replace(" ", "").replace("...", "").partition("->")[0].split(",")
    shapes: list[Shape] = [(1, *call.input_shapes[0]), tuple(layer.kernel.shape)]
    left_out = math.prod(shapes[0][: len(shapes[0]) - len(operands[0])])
    shapes[0] = shapes[0][len(shapes[0]) - len(operands[0]) :]
    use_bias = getattr(layer, "bias", None) is not None
    name = str(getattr(layer.activation, "__name__", "other"))
    return left_out * _letters(call, operands, shapes), formulas.affine_flops(call.size, use_bias, name)


def dot_count(call: Call) -> tuple[int, int]:
    """(MACs, 0) of Dot: every number of the result is a sum over the contracted axis."""
    axes = call.operation.axes
    first = axes if isinstance(axes, int) else axes[0]
    shape: Shape = (1, *call.input_shapes[0])
    return call.size * shape[first], 0


def attention_count(call: Call) -> tuple[int, int]:
    """(MACs, other FLOPs) of attention with projections: queries by keys, and their softmax by values.

    Inputs are (positions, features), or several axes of positions, all of which are attended over. MultiHeadAttention
    has keys and values for each head, GroupedQueryAttention for each group of heads.
    """
    layer = call.operation
    query, value, key = _attended(call)
    if type(layer).__name__ == "MultiHeadAttention":
        heads, pairs, key_size, value_size = layer.num_heads, layer.num_heads, layer.key_dim, layer.value_dim
    else:
        heads, pairs, key_size, value_size = layer.num_query_heads, layer.num_key_value_heads, *[layer.head_dim] * 2
    asking, answering = math.prod(query[:-1]), math.prod(value[:-1])
    outputs = call.shapes[0][-1]
    projections = (
        formulas.dense_macs((asking,), query[-1], heads * key_size)
        + formulas.dense_macs((answering,), key[-1], pairs * key_size)
        + formulas.dense_macs((answering,), value[-1], pairs * value_size)
        + formulas.dense_macs((asking,), heads * value_size, outputs)
    )
    scores = heads * asking * answering
    sizes = (asking * heads * key_size, answering * pairs * (key_size + value_size), asking * outputs)
    biases = sum(sizes) if getattr(layer, "use_bias", getattr(layer, "_use_bias", True)) else 0
    return projections + scores * (key_size + value_size), biases + scores * (1 + formulas.ACTIVATION_FLOPS)


def plain_attention_count(call: Call) -> tuple[int, int]:
    """(MACs, other FLOPs) of Attention and AdditiveAttention, which have no projections.

    The additive score is a sum of tanh(query + key), weighted: one product per feature as in the dot product, and an
    addition and a tanh beside it.
    """
    query, value, key = _attended(call)
    scores = query[-2] * value[-2]
    additive = type(call.operation).__name__ == "AdditiveAttention"
    flops = scores * (1 + formulas.ACTIVATION_FLOPS) + (2 * scores * key[-1] if additive else 0)
    return scores * (key[-1] + value[-1]), flops


def _attended(call: Call) -> tuple[Shape, Shape, Shape]:
    """Shapes of query, value and key without the batch; without a key the value is the key. Masks are none of them."""
    given = _arguments(call)
    query, value, *rest = given["inputs"] if "inputs" in given else (given["query"], given["value"], given.get("key"))
    key = rest[0] if rest and rest[0] is not None else value
    asked, answered, by = (_shape(tensor)[1:] for tensor in (query, value, key))
    return asked, answered, by


def _arguments(call: Call) -> Mapping[str, Any]:
    """The arguments of the call by their names in the layer's `call`."""
    given = call.node.arguments
    try:
        return inspect.signature(call.node.operation.call).bind(*given.args, **given.kwargs).arguments
    except TypeError as error:
        raise _not_counted(call, "called in a way that is not known") from error


def _not_counted(call: Call, why: str) -> ConfigError:
    return ConfigError(
        f"layer '{call.path}' is a {call.kind} {why}, which the cost model cannot count: write it as matmul or einsum "
        "of operands whose first axis is the batch, or as a layer."
    )


def _is_tensor(value: Any) -> bool:
    """Whether the value depends on the model's input; else it is an array that has no batch."""
    import keras

    return isinstance(value, keras.KerasTensor)


def _shape(value: Any) -> Shape:
    """The sizes of an operand, of its batch one example."""
    return (1, *value.shape[1:]) if _is_tensor(value) else tuple(np.shape(value))


def _letters(call: Call, operands: Sequence[str], shapes: Sequence[Shape]) -> int:
    sizes: dict[str, int] = {}
    rest: list[Shape] = []
    for letters, shape in zip(operands, shapes, strict=True):
        front, dots, behind = letters.partition("...")
        inner = len(shape) - len(front) - len(behind)
        if inner < 0 or (inner and not dots):
            raise _not_counted(call, f"whose letters '{letters}' are not the axes of shape {shape}")
        rest.append(shape[len(front) : len(front) + inner])
        named = zip(front + behind, shape[: len(front)] + shape[len(front) + inner :], strict=True)
        for letter, size in named:
            sizes[letter] = max(size, sizes.get(letter, 1))
    return math.prod(sizes.values()) * math.prod(np.broadcast_shapes(*rest))
