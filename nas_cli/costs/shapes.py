"""Output shape of every node of an architecture, without a deep-learning library."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from nas_cli.errors import ConfigError
from nas_cli.spaces.architecture import Architecture, Node

Shape = tuple[int, ...]

ACTIVATIONS = ("relu", "tanh", "sigmoid", "linear")


def shapes(architecture: Architecture) -> tuple[Shape, ...]:
    """The output shape of each node without the batch: (height, width, channels) or (features,).

    Raises:
        ConfigError: naming the node, if an operation is unknown, lacks a setting, or cannot work on its inputs.
    """
    known: list[Shape] = []
    for position, n in enumerate(architecture.nodes):
        if any(not 0 <= source < position for source in n.inputs):
            raise ConfigError(f"{_where(position, n)} reads {list(n.inputs)}, must be earlier nodes.")
        if (n.op == "input") != (position == 0):
            raise ConfigError(f"{_where(position, n)}: the first node, and only the first, must be an 'input'.")
        known.append(_output_shape(position, n, [known[source] for source in n.inputs]))
    if not known:
        raise ConfigError("an architecture must have at least an 'input' node.")
    return tuple(known)


def merge(mode: str, inputs: Sequence[Shape]) -> Shape:
    """The shape of several maps, or several vectors, joined into one.

    The height and the width of the result are each the smallest among the inputs. An input that is larger is
    max-pooled with the window and stride of `pool_window` (padding 'valid') and cropped at the bottom and the right.
    Then 'concat' adds up the channels, and 'sum' takes the largest number of channels: the others get zeros at
    the end. Vectors are joined likewise, on their features.

    Raises:
        ConfigError: if maps and vectors are mixed, there is no input, or the mode is unknown.
    """
    if not inputs or len({len(shape) for shape in inputs}) != 1 or len(inputs[0]) not in (1, 3):
        raise ConfigError(f"merge needs inputs that are all maps or all vectors, got shapes {list(inputs)}.")
    if mode not in ("concat", "sum"):
        raise ConfigError(f"merge mode must be 'concat' or 'sum', got {mode!r}.")
    channels = [shape[-1] for shape in inputs]
    joined = sum(channels) if mode == "concat" else max(channels)
    return (*(min(sizes) for sizes in zip(*(shape[:-1] for shape in inputs), strict=True)), joined)


def pool_window(shape: Shape, target: Shape) -> tuple[int, int]:
    """(height, width) of the pooling that brings a map to at least the target's size: floor(size / target)."""
    return shape[0] // target[0], shape[1] // target[1]


def _where(position: int, n: Node) -> str:
    return f"architecture node {position} ({n.op})"


def _output_shape(position: int, n: Node, inputs: Sequence[Shape]) -> Shape:
    shape_of = _SHAPE_OF.get(n.op)
    if shape_of is None:
        known = ", ".join(sorted(_SHAPE_OF))
        raise ConfigError(f"{_where(position, n)}: unknown operation, must be one of {known}.")
    if len(inputs) != 1 and n.op not in ("input", "merge"):
        raise ConfigError(f"{_where(position, n)} must read exactly one node, reads {len(inputs)}.")
    try:
        return shape_of(n, inputs)
    except KeyError as error:
        raise ConfigError(f"{_where(position, n)} lacks its setting {error}.") from error
    except ConfigError as error:
        raise ConfigError(f"{_where(position, n)}: {error}") from error


def _input(n: Node, inputs: Sequence[Shape]) -> Shape:
    shape: Any = n["shape"]
    if len(shape) not in (1, 3):
        raise ConfigError(f"shape must be (height, width, channels) or (features,), got {shape}.")
    return tuple(_positive("shape", size) for size in shape)


def _map(shape: Shape) -> Shape:
    if len(shape) != 3:
        raise ConfigError(f"needs a (height, width, channels) input, got {shape}.")
    return shape


def _positive(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(f"{name} must be a whole number of at least 1, got {value!r}.")
    return value


def _activation(n: Node, default: str | None = None) -> None:
    name = dict(n.settings).get("activation", default) if default else n["activation"]
    if name not in ACTIVATIONS:
        raise ConfigError(f"activation must be one of {', '.join(ACTIVATIONS)}, got {name!r}.")


def _conv2d(n: Node, inputs: Sequence[Shape]) -> Shape:
    height, width, _ = _map(inputs[0])
    _positive("kernel", n["kernel"])
    _activation(n, "linear")
    stride = _positive("stride", dict(n.settings).get("stride", 1))
    return math.ceil(height / stride), math.ceil(width / stride), _positive("filters", n["filters"])


def _depthwise_conv2d(n: Node, inputs: Sequence[Shape]) -> Shape:
    height, width, channels = _map(inputs[0])
    _positive("kernel", n["kernel"])
    _activation(n, "linear")
    settings = dict(n.settings)
    stride = _positive("stride", settings.get("stride", 1))
    multiplier = _positive("multiplier", settings.get("multiplier", 1))
    if _positive("dilation", settings.get("dilation", 1)) > 1 < stride:
        raise ConfigError(f"a dilation above 1 needs stride 1, got dilation {settings['dilation']}, stride {stride}.")
    return math.ceil(height / stride), math.ceil(width / stride), multiplier * channels


def _pool(n: Node, inputs: Sequence[Shape]) -> Shape:
    height, width, channels = _map(inputs[0])
    size = _positive("size", n["size"])
    stride = _positive("stride", dict(n.settings).get("stride", size))
    return math.ceil(height / stride), math.ceil(width / stride), channels


def _subsample(n: Node, inputs: Sequence[Shape]) -> Shape:
    height, width, channels = _map(inputs[0])
    size = _positive("size", n["size"])
    return math.ceil(height / size), math.ceil(width / size), channels


def _dropout(n: Node, inputs: Sequence[Shape]) -> Shape:
    if not 0 <= float(n["rate"]) < 1:
        raise ConfigError(f"rate must be in [0, 1), got {n['rate']!r}.")
    return inputs[0]


def _activate(n: Node, inputs: Sequence[Shape]) -> Shape:
    _activation(n)
    return inputs[0]


def _dense(n: Node, inputs: Sequence[Shape]) -> Shape:
    if len(inputs[0]) != 1:
        raise ConfigError(f"needs a vector: put 'flatten' or 'global_average_pool' before it, got shape {inputs[0]}.")
    _activation(n, "linear")
    return (_positive("units", n["units"]),)


_SHAPE_OF: dict[str, Callable[[Node, Sequence[Shape]], Shape]] = {
    "input": _input,
    "conv2d": _conv2d,
    "depthwise_conv2d": _depthwise_conv2d,
    "batch_norm": lambda n, inputs: inputs[0],
    "activation": _activate,
    "max_pool": _pool,
    "average_pool": _pool,
    "subsample": _subsample,
    "shift": lambda n, inputs: _map(inputs[0]),
    "zeros": lambda n, inputs: inputs[0],
    "dropout": _dropout,
    "merge": lambda n, inputs: merge(n["mode"], inputs),
    "flatten": lambda n, inputs: (math.prod(inputs[0]),),
    "global_average_pool": lambda n, inputs: (_map(inputs[0])[2],),
    "dense": _dense,
}
