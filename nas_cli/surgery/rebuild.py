"""A model made again from its layer graph with other numbers of channels, and without what nothing needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from nas_cli.costs.keras_graph import Call, Tensor
from nas_cli.surgery.effect import CONCAT, Effect
from nas_cli.surgery.survival import Survival


@dataclass(frozen=True, eq=False)
class Rebuilt:
    """The new model with fresh weights, and its layer for each call that was made again, by the call's position."""

    model: Any
    layers: Mapping[int, Any]


def rebuild(model: Any, survival: Survival) -> Rebuilt:
    """A functional model of the same inputs and outputs with fresh weights; every layer has its name and settings.

    Nested models come out flat: 'stem/conv' is layer 'stem_conv'. A join with one operand left disappears.
    """
    builder = _Builder(survival)
    traced = survival.channels.traced
    needed = set(survival.needed)
    for position, call in enumerate(traced.calls):
        if position in needed or call.kind == "InputLayer":
            builder.add(position)
    outputs = [builder.tensors[output] for output in traced.outputs]
    return Rebuilt(_assembled(model, builder, outputs), builder.layers)


class _Builder:
    """New layers and tensors, added call by call in graph order."""

    def __init__(self, survival: Survival) -> None:
        self.survival = survival
        self.tensors: dict[Tensor, Any] = {}
        self.layers: dict[int, Any] = {}
        self._made: dict[tuple[int, str], Any] = {}
        self._names: set[str] = set()

    def add(self, position: int) -> None:
        """Make the call at a position again, on what is left of its inputs."""
        traced = self.survival.channels.traced
        call, one = traced.calls[position], traced.effects[position]
        left = self.survival.operands(position)
        if len(left) < len(call.sources):
            self.tensors[position, 0] = self._joined(call, one, left)
            return
        layer = self.layers[position] = self._layer(call, one)
        if call.kind == "InputLayer":
            self.tensors[position, 0] = layer.output
            return
        sources = [self.tensors[source] for source in call.sources]
        values = {id(old): new for old, new in zip(call.node.input_tensors, sources, strict=True)}
        args, kwargs = one.arguments(self.survival.alive, *call.node.arguments.fill_in(values))
        if call.training is not None and getattr(call.operation, "_call_has_training_arg", False):
            kwargs = {**kwargs, "training": call.training}
        for index, tensor in enumerate(keras.tree.flatten(layer(*args, **kwargs))):
            self.tensors[position, index] = tensor

    def unread(self, tensor: Any) -> Any:
        """An input like the one behind a tensor, which no call reads."""
        return keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=self._name(tensor._keras_history.operation.name))

    def _joined(self, call: Call, one: Effect, left: Sequence[Tensor]) -> Any:
        """A sum or concatenation without the operands that are gone."""
        if one.missing == CONCAT:
            tensors = self._padded(call, one)
        else:
            tensors = [self.tensors[source] for source in left]
        if len(tensors) == 1:
            return tensors[0]
        layer = self._layer(call, one)
        return layer(tensors) if isinstance(call.node.arguments.args[0], list | tuple) else layer(*tensors)

    def _padded(self, call: Call, one: Effect) -> list[Any]:
        """The parts of a concatenation; zeros, at the end of a neighbour, where others need a lost part's channels."""
        tensors: list[Any] = []
        front = 0
        for source in call.sources:
            if self.survival.full(source):
                tensors.append(_with_zeros(self.tensors[source], one.axis, front, 0))
                front = 0
                continue
            vector = self.survival.channels.traced.labels(source).vector(one.axis or 0)
            zeros = 0 if vector is None else int(self.survival.alive[vector].sum())
            if tensors:
                tensors[-1] = _with_zeros(tensors[-1], one.axis, 0, zeros)
            else:
                front += zeros
        return tensors

    def _layer(self, call: Call, one: Effect) -> Any:
        """A new layer for an old one; for calls without weights one for each configuration that is needed."""
        changed = dict(one.config(self.survival.alive))
        key = (id(call.operation), "" if getattr(call.operation, "weights", ()) else repr(changed))
        if key not in self._made:
            config = {**call.operation.get_config(), **changed}
            if "name" in config:
                config["name"] = self._name(call.path)
            self._made[key] = type(call.operation).from_config(config)
        return self._made[key]

    def _name(self, path: str) -> str:
        name = base = path.replace("/", "_")
        number = 1
        while name in self._names:
            number += 1
            name = f"{base}_{number}"
        self._names.add(name)
        return name


def _with_zeros(tensor: Any, axis: int | None, before: int, behind: int) -> Any:
    if axis is None or not before + behind:
        return tensor
    width = [[0, 0] for _ in tensor.shape]
    width[axis + 1] = [before, behind]
    return keras.ops.pad(tensor, width)


def _assembled(model: Any, builder: _Builder, outputs: Sequence[Any]) -> Any:
    """The new model, with inputs and outputs in the old one's structure (a tensor, a list or a dictionary)."""
    inputs: dict[int, Any] = {
        id(call.node.output_tensors[0]): builder.tensors[position, 0]
        for position, call in enumerate(builder.survival.channels.traced.calls)
        if call.kind == "InputLayer"
    }
    for tensor in model.inputs:
        if id(tensor) not in inputs:  # no output needs it, and the user hands it over all the same
            inputs[id(tensor)] = builder.unread(tensor)
    sequential = isinstance(model, keras.Sequential)
    taken = keras.tree.map_structure(lambda tensor: inputs[id(tensor)], model.inputs[0] if sequential else model.input)
    given = keras.tree.pack_sequence_as(model.outputs[0] if sequential else model.output, list(outputs))
    return keras.Model(taken, given, name=model.name)
