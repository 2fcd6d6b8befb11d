"""The calls inside a built Keras model, nested models opened up, in the order of a recursive evaluation."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nas_cli.costs.shapes import Shape
from nas_cli.errors import ConfigError

Tensor = tuple[int, int]
"""Where a tensor comes from: (position of the call, index among its outputs)."""


@dataclass(frozen=True, eq=False)
class Call:
    """One call of one layer: its path through nested models, the tensors it reads, and shapes.

    `sources` are the tensors in the order of `node.input_tensors`; `node` holds the arguments of the call. `shapes`
    are the outputs' shapes without the batch; most layers have one output. `training` is what the call of a model
    around this one says of training, as in base(image, training=False); it overrules the call's own argument.
    """

    path: str
    operation: Any
    node: Any
    sources: tuple[Tensor, ...]
    input_shapes: tuple[Shape, ...]
    shapes: tuple[Shape, ...]
    training: bool | None = None

    @property
    def kind(self) -> str:
        """The layer's class name."""
        return type(self.operation).__name__

    @property
    def is_layer(self) -> bool:
        """Whether it is a layer; else one of keras.ops, of which some have a layer's name and mean another thing."""
        import keras

        return isinstance(self.operation, keras.layers.Layer)

    @property
    def inputs(self) -> tuple[int, ...]:
        """The positions of the calls that it reads."""
        return tuple(position for position, _ in self.sources)

    @property
    def size(self) -> int:
        """Numbers in all outputs."""
        return sum(math.prod(shape) for shape in self.shapes)


def trace(model: Any) -> tuple[list[Call], list[Tensor]]:
    """Every call that the outputs need, each after its inputs, and the output tensors.

    A layer that is called twice appears twice; a nested model's layers appear at each of its calls.

    Raises:
        ConfigError: if the model, or one inside it, has no layer graph (not built, or a subclass with its own call),
            or if a size other than the batch is not fixed.
    """
    calls: list[Call] = []
    outputs = _expand(model, {}, "", calls, None)
    return calls, outputs


def channel_axis(calls: Sequence[Call]) -> int:
    """Where channels lie in a tensor that does not tell, 0 or -1: as in the convolutions of the model.

    Other layers do not count: a builder may pad channels by a layer that it tells another layout than the map's.
    """
    formats = {getattr(call.operation, "data_format", None) for call in calls if hasattr(call.operation, "kernel_size")}
    return 0 if formats == {"channels_first"} else -1


def _expand(
    model: Any, bound: Mapping[int, Tensor], prefix: str, calls: list[Call], training: bool | None
) -> list[Tensor]:
    """Where a model's outputs come from; `bound` says it of its inputs, by their tensor's id."""
    produced = dict(bound)
    for output in _graph_outputs(model, prefix):
        pending = [output]
        while pending:
            tensor = pending[-1]
            if id(tensor) in produced:
                pending.pop()
                continue
            operation, node_index, _ = tensor._keras_history
            node = operation._inbound_nodes[node_index]
            waiting = next((source for source in node.input_tensors if id(source) not in produced), None)
            if waiting is not None:
                pending.append(waiting)
            else:
                _append_call(operation, node, prefix, produced, calls, training)
    return [produced[id(output)] for output in model.outputs]


def _graph_outputs(model: Any, prefix: str) -> Sequence[Any]:
    outputs: Sequence[Any] | None = getattr(model, "outputs", None)
    if not outputs:
        raise ConfigError(
            f"model '{prefix}{getattr(model, 'name', model)}' has no layer graph: it must be a functional or "
            "sequential model that is built (give it an Input)."
        )
    return outputs


def _append_call(
    operation: Any, node: Any, prefix: str, produced: dict[int, Tensor], calls: list[Call], training: bool | None
) -> None:
    import keras

    path = f"{prefix}{operation.name}"
    sources = tuple(produced[id(tensor)] for tensor in node.input_tensors)
    if isinstance(operation, keras.Model):
        _graph_outputs(operation, prefix)
        bound = {id(tensor): source for tensor, source in zip(operation.inputs, sources, strict=True)}
        inner = _expand(operation, bound, f"{path}/", calls, _training(node) if training is None else training)
        produced.update({id(tensor): source for tensor, source in zip(node.output_tensors, inner, strict=True)})
        return
    inputs = tuple(_shape(tensor, path) for tensor in node.input_tensors)
    shapes = tuple(_shape(tensor, path) for tensor in node.output_tensors)
    calls.append(Call(path, operation, node, sources, inputs, shapes, training))
    produced.update({id(tensor): (len(calls) - 1, index) for index, tensor in enumerate(node.output_tensors)})


def _training(node: Any) -> bool | None:
    """The `training` with which a nested model is called; None if the caller leaves it open."""
    given: bool | None = node.arguments.kwargs.get("training")
    return given


def _shape(tensor: Any, path: str) -> Shape:
    shape = tuple(tensor.shape)[1:]
    if any(size is None for size in shape):
        raise ConfigError(
            f"layer '{path}' works on shape {tuple(tensor.shape)}, which is not fixed: build the model with a fixed "
            "input shape to count it."
        )
    return shape
