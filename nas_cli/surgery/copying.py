"""A copy of a model with layers of its own, some of them made or followed by others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras


def _as_they_are(operation: Any, args: Any, kwargs: Any) -> tuple[Any, Any]:
    return args, kwargs


@dataclass
class Copying:
    """Copies models layer by layer; nested and shared ones stay so, names stay, weights are fresh.

    `config(layer)`: constructor arguments that differ; `arguments(layer, args, kwargs)`: call arguments of operations
    that are no layers; `behind(layer)`: new layers that are called behind each call of a layer.
    `pairs` collects (old, new) for every layer.
    """

    config: Callable[[Any], Mapping[str, Any]] = lambda operation: {}
    arguments: Callable[[Any, Any, Any], tuple[Any, Any]] = _as_they_are
    behind: Callable[[Any], Sequence[Any]] = lambda operation: ()
    pairs: list[tuple[Any, Any]] = field(default_factory=list)
    _done: dict[int, Any] = field(default_factory=dict)

    def copy(self, model: keras.Model, inputs: Sequence[Any] | None = None) -> keras.Model:
        """The copied model; `inputs` are tensors whose shapes its own inputs take (by default, the old ones)."""
        shapes = [tuple(tensor.shape)[1:] for tensor in inputs or model.inputs]
        fresh = [
            keras.Input(shape, dtype=old.dtype, name=old._keras_history.operation.name)
            for shape, old in zip(shapes, model.inputs, strict=True)
        ]
        if isinstance(model, keras.Sequential):
            return self._sequence(model, fresh[0])
        return keras.models.clone_model(
            model,
            input_tensors=keras.tree.pack_sequence_as(model.input, fresh),
            clone_function=lambda operation: operation,
            call_function=self._call,
        )

    def _sequence(self, model: keras.Sequential, first: Any) -> keras.Sequential:
        layers, tensor = [first], first
        for old in model.layers:
            for layer in (self._new(old, [tensor]), *self.behind(old)):
                layers.append(layer)
                tensor = keras.KerasTensor(layer.compute_output_shape(tensor.shape), tensor.dtype)
        return keras.Sequential(layers, name=model.name)

    def _call(self, operation: Any, *args: Any, **kwargs: Any) -> Any:
        args, kwargs = self.arguments(operation, args, kwargs)
        result = self._new(operation, keras.tree.flatten(args))(*args, **kwargs)
        for layer in self.behind(operation):
            result = layer(result)
        return result

    def _new(self, operation: Any, inputs: Sequence[Any]) -> Any:
        if id(operation) in self._done:
            return self._done[id(operation)]
        if isinstance(operation, keras.Model):
            new = self.copy(operation, inputs)
        else:
            new = type(operation).from_config({**operation.get_config(), **self.config(operation)})
        if isinstance(operation, keras.layers.Layer) and not isinstance(operation, keras.Model):
            self.pairs.append((operation, new))
        self._done[id(operation)] = new
        return new
