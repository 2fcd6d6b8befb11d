"""The primitive layers that an architecture stands for: what the cost model counts and the builder builds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nas_cli.costs.shapes import Shape, pool_window, shapes
from nas_cli.spaces.architecture import Architecture


@dataclass(frozen=True)
class Primitive:
    """One primitive layer: a node of the architecture, or one step of a merge or a shift.

    `inputs` are positions among the primitives. The steps of a merge are: align_pool (window), crop (rows, columns),
    pad_channels (channels), then concat or add; those of a shift: pad_border, then shift, which cuts the first row and
    column. `shape` is the output's, without the batch.
    """

    name: str
    op: str
    inputs: tuple[int, ...]
    shape: Shape
    settings: Mapping[str, Any] = field(default_factory=dict)


def lower(architecture: Architecture) -> tuple[Primitive, ...]:
    """The primitive layers in the order in which a recursive evaluation of the output computes them.

    That order depends on the graph alone, so that the memory of an architecture and of its built model are the same
    number. Nodes that the output does not need are left out, as Keras leaves them out. Layers are named by the
    operation and the position of their node: 'conv2d_3'.

    Raises:
        ConfigError: if a node cannot work on its inputs, see `shapes`.
    """
    known = shapes(architecture)
    layers: list[Primitive] = []
    result: list[int] = []
    for position, n in enumerate(architecture.nodes):
        name = f"{n.op}_{position}"
        inputs = tuple(result[source] for source in n.inputs)
        if n.op == "merge":
            result.append(_merge(layers, name, n["mode"], inputs, known[position]))
        elif n.op == "shift":
            result.append(_shift(layers, name, inputs, known[position]))
        else:
            result.append(_append(layers, Primitive(name, n.op, inputs, known[position], dict(n.settings))))
    return _in_order(layers, evaluation_order([layer.inputs for layer in layers], result[-1]))


def evaluation_order(inputs: Sequence[Sequence[int]], last: int) -> list[int]:
    """Positions of everything that `last` needs, itself included, each after its inputs, first input first."""
    order: list[int] = []
    done: set[int] = set()
    pending = [last]
    while pending:
        current = pending[-1]
        waiting = next((source for source in inputs[current] if source not in done), None)
        if waiting is not None:
            pending.append(waiting)
            continue
        pending.pop()
        done.add(current)
        order.append(current)
    return order


def _in_order(layers: Sequence[Primitive], order: Sequence[int]) -> tuple[Primitive, ...]:
    if list(order) == list(range(len(layers))):
        return tuple(layers)
    new = {old: position for position, old in enumerate(order)}
    return tuple(replace(layers[old], inputs=tuple(new[source] for source in layers[old].inputs)) for old in order)


def _merge(layers: list[Primitive], name: str, mode: str, inputs: Sequence[int], shape: Shape) -> int:
    """The position of the merged tensor; its steps are appended to `layers`."""
    if len(inputs) == 1:
        return inputs[0]
    channels = None if mode == "concat" else shape[-1]
    aligned = [_align(layers, f"{name}_input_{index}", source, shape, channels) for index, source in enumerate(inputs)]
    return _append(layers, Primitive(name, "concat" if mode == "concat" else "add", tuple(aligned), shape))


def _shift(layers: list[Primitive], name: str, inputs: tuple[int, ...], shape: Shape) -> int:
    larger = (shape[0] + 1, shape[1] + 1, shape[2])
    padded = _append(layers, Primitive(f"{name}_input_0_pad", "pad_border", inputs, larger))
    return _append(layers, Primitive(name, "shift", (padded,), shape))


def _align(layers: list[Primitive], name: str, source: int, target: Shape, channels: int | None) -> int:
    shape = layers[source].shape
    if len(shape) == 3 and shape[:2] != target[:2]:
        height, width = window = pool_window(shape, target)
        if window != (1, 1):
            shape = (shape[0] // height, shape[1] // width, shape[2])
            source = _append(layers, Primitive(f"{name}_pool", "align_pool", (source,), shape, {"window": window}))
        rows, columns = shape[0] - target[0], shape[1] - target[1]
        if rows or columns:
            shape = (*target[:2], shape[2])
            crop = {"rows": rows, "columns": columns}
            source = _append(layers, Primitive(f"{name}_crop", "crop", (source,), shape, crop))
    if channels is not None and shape[-1] != channels:
        pad = {"channels": channels - shape[-1]}
        shape = (*shape[:-1], channels)
        source = _append(layers, Primitive(f"{name}_pad", "pad_channels", (source,), shape, pad))
    return source


def _append(layers: list[Primitive], layer: Primitive) -> int:
    layers.append(layer)
    return len(layers) - 1
