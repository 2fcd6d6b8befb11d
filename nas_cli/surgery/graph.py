"""The calls of a model with what is needed to make each call again: its arguments and the tensors it reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras

from nas_cli.costs.keras_graph import Call, trace

Tensor = tuple[int, int]
"""Where a tensor comes from: (position of the call, index among its outputs)."""


@dataclass(frozen=True, eq=False)
class Step:
    """One call of one layer; `sources` are the tensors it reads, in the order of `node.input_tensors`."""

    call: Call
    node: Any
    sources: tuple[Tensor, ...]

    @property
    def layer(self) -> Any:
        """The layer or operation that is called."""
        return self.call.operation

    @property
    def kind(self) -> str:
        """Its class name."""
        return type(self.call.operation).__name__


def steps(model: Any) -> tuple[list[Step], list[Tensor]]:
    """Every call in the order of `costs.keras_graph.trace`, and the model's output tensors.

    Raises:
        ConfigError: as `trace`.
    """
    calls, _ = trace(model)
    pending = iter(calls)
    found: list[Step] = []
    outputs = _follow(model, {}, pending, found)
    return found, outputs


def _follow(model: Any, bound: Mapping[int, Tensor], calls: Any, found: list[Step]) -> list[Tensor]:
    """The sources of a model's outputs; goes through the nodes in the order in which `trace` listed the calls."""
    produced = dict(bound)
    for output in model.outputs:
        stack = [output]
        while stack:
            tensor = stack[-1]
            if id(tensor) in produced:
                stack.pop()
                continue
            operation, index, _ = tensor._keras_history
            node = operation._inbound_nodes[index]
            waiting = next((source for source in node.input_tensors if id(source) not in produced), None)
            if waiting is not None:
                stack.append(waiting)
                continue
            produced.update(_outputs(operation, node, produced, calls, found))
    return [produced[id(output)] for output in model.outputs]


def _outputs(
    operation: Any, node: Any, produced: Mapping[int, Tensor], calls: Any, found: list[Step]
) -> dict[int, Tensor]:
    sources = tuple(produced[id(tensor)] for tensor in node.input_tensors)
    if isinstance(operation, keras.Model):
        bound = {id(tensor): source for tensor, source in zip(operation.inputs, sources, strict=True)}
        inner = _follow(operation, bound, calls, found)
        return {id(tensor): source for tensor, source in zip(node.output_tensors, inner, strict=True)}
    found.append(Step(next(calls), node, sources))
    return {id(tensor): (len(found) - 1, index) for index, tensor in enumerate(node.output_tensors)}
