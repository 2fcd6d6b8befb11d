"""Multiply-accumulates of matrix products that Keras layers and operations write as such, attention among them."""

import math
from typing import Any

from nas_cli.costs import formulas
from nas_cli.costs.keras_graph import Call
from nas_cli.costs.shapes import Shape


def matmul_count(call: Call) -> tuple[int, int]:
    """(MACs, 0): every number of the result is a sum over the last axis of the left operand."""
    return call.size * call.input_shapes[0][-1], 0


def einsum_count(call: Call) -> tuple[int, int]:
    """(MACs, 0) of `keras.ops.einsum`: the product of the sizes of all letters, the batch's left out."""
    operands = call.operation.subscripts.replace(" ", "").partition("->")[0].split(",")
    return _letters(operands, [(1, *shape) for shape in call.input_shapes]), 0


def einsum_dense_count(call: Call) -> tuple[int, int]:
    """(MACs, other FLOPs) of EinsumDense: its equation, bias and activation."""
    layer = call.operation
    operands = layer.equation.replace(" ", "").replace("...", "").partition("->")[0].split(",")
    shapes: list[Shape] = [(1, *call.input_shapes[0]), tuple(layer.kernel.shape)]
    left_out = math.prod(shapes[0][: len(shapes[0]) - len(operands[0])])
    shapes[0] = shapes[0][len(shapes[0]) - len(operands[0]) :]
    use_bias = getattr(layer, "bias", None) is not None
    name = str(getattr(layer.activation, "__name__", "other"))
    return left_out * _letters(operands, shapes), formulas.affine_flops(call.size, use_bias, name)


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
    """Shapes of query, value and key, in Keras' order; without a key the value is the key."""
    query, value, *rest = call.input_shapes
    return query, value, rest[0] if rest else value


def _letters(operands: list[str], shapes: list[Shape]) -> int:
    sizes: dict[str, Any] = {}
    for letters, shape in zip(operands, shapes, strict=True):
        sizes.update(zip(letters, shape, strict=True))
    return math.prod(sizes.values())
