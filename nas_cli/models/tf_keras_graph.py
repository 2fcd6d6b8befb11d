"""The layer graph of a model as plain calls, read from Keras 3 or Keras 2, and written as a model of either."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nas_cli.costs.keras_graph import trace
from nas_cli.errors import ConfigError
from nas_cli.models.tf_keras_config import made_anew


@dataclass(frozen=True)
class Source:
    """A tensor: the output `index` of the call at a position."""

    position: int
    index: int


@dataclass(frozen=True, eq=False)
class LayerCall:
    """One call of one layer. `arguments` are (args, kwargs) of the call with a Source in the place of each tensor.

    `path` runs through nested models. `shape` is that of the first output, without the batch.
    `training`: what the graph says of training in this call; None where it is left to the caller.
    """

    path: str
    layer: Any
    arguments: tuple[Any, Any]
    shape: tuple[int, ...]
    dtype: str
    training: bool | None

    @property
    def is_input(self) -> bool:
        """Whether it is an input of the model."""
        return type(self.layer).__name__ == "InputLayer"


@dataclass(frozen=True, eq=False)
class LayerGraph:
    """The calls of a flat graph, each after its inputs, the positions of the model's inputs, and its outputs."""

    name: str
    calls: tuple[LayerCall, ...]
    inputs: tuple[int, ...]
    outputs: tuple[Source, ...]


@dataclass(frozen=True, eq=False)
class Written:
    """A model made from a graph, and its layer for each call of the graph."""

    model: Any
    layers: tuple[Any, ...]


def read_keras(model: Any) -> LayerGraph:
    """The graph of a functional or sequential Keras 3 model, nested models opened up.

    Raises:
        ConfigError: if the model has no layer graph, a size other than the batch is not fixed, one of its operations
            is no layer, or it has an input that no output needs.
    """
    traced, outputs = trace(model)
    calls = []
    for call in traced:
        if not call.is_layer:
            raise ConfigError(
                f"operation '{call.path}' ({call.kind}) is not a layer: tfmot takes models made of layers only. "
                "Do without tfmot, or use the Keras layer that does the same."
            )
        sources = {
            id(tensor): Source(*source) for tensor, source in zip(call.node.input_tensors, call.sources, strict=True)
        }
        args, kwargs = call.node.arguments.fill_in(sources)
        training = kwargs.pop("training", None) if call.training is None else call.training
        kwargs = {key: value for key, value in kwargs.items() if value is not None and key != "training"}
        dtype = str(call.node.output_tensors[0].dtype)
        calls.append(LayerCall(call.path, call.operation, (args, kwargs), call.shapes[0], dtype, training))
    places = {
        id(call.node.output_tensors[0]): position for position, call in enumerate(traced) if call.kind == "InputLayer"
    }
    return LayerGraph(model.name, tuple(calls), _inputs(model, places), tuple(Source(*output) for output in outputs))


def _inputs(model: Any, places: dict[int, int]) -> tuple[int, ...]:
    for tensor in model.inputs:
        if id(tensor) not in places:
            raise ConfigError(f"input '{tensor._keras_history.operation.name}' of the model reaches no output.")
    return tuple(places[id(tensor)] for tensor in model.inputs)


def read_tf_keras(model: Any) -> LayerGraph:
    """The graph of a functional or sequential tf_keras model without nested models.

    Raises:
        ConfigError: if it has no layer graph, a model inside it, or a size other than the batch that is not fixed.
    """
    import keras

    nodes_by_depth = getattr(model, "_nodes_by_depth", None)
    if not nodes_by_depth:
        raise ConfigError(f"model '{model.name}' has no layer graph: it must be functional, or sequential and built.")
    produced: dict[int, Source] = {}
    calls: list[LayerCall] = []
    for depth in sorted(nodes_by_depth, reverse=True):
        for node in nodes_by_depth[depth]:
            if hasattr(node.layer, "layers"):
                raise ConfigError(f"'{node.layer.name}' is a model inside the model: only flat ones are converted.")
            found = dict(produced)
            args, kwargs = keras.tree.map_structure(
                lambda value, found=found: found.get(id(value), value), (node.call_args or (), node.call_kwargs or {})
            )
            training = kwargs.pop("training", None)
            kwargs = {key: value for key, value in kwargs.items() if value is not None}
            outputs = keras.tree.flatten(node.outputs)
            shape, dtype = _fixed(node.layer.name, outputs[0]), outputs[0].dtype.name
            for index, tensor in enumerate(outputs):
                produced[id(tensor)] = Source(len(calls), index)
            calls.append(LayerCall(node.layer.name, node.layer, (args, kwargs), shape, dtype, training))
    inputs = tuple(produced[id(tensor)].position for tensor in model.inputs)
    return LayerGraph(model.name, tuple(calls), inputs, tuple(produced[id(tensor)] for tensor in model.outputs))


def _fixed(name: str, tensor: Any) -> tuple[int, ...]:
    shape = tuple(tensor.shape)[1:]
    if any(size is None for size in shape):
        raise ConfigError(
            f"layer '{name}' works on shape {tuple(tensor.shape)}: all sizes but the batch must be fixed."
        )
    return shape


def write(graph: LayerGraph, library: Any) -> Written:
    """A functional model of `library` (keras or tf_keras) with the graph's layers and fresh weights, in float32.

    A layer that is called several times is one layer again. Layer 'stem/conv' of a nested model becomes 'stem_conv'.

    Raises:
        ConfigError: if a layer has no counterpart there.
    """
    import keras

    names = _names(graph.calls)
    made: dict[int, Any] = {}
    tensors: list[Sequence[Any]] = []
    for call, name in zip(graph.calls, names, strict=True):
        if call.is_input:
            tensor = library.Input(call.shape, dtype=_input_dtype(call.dtype), name=name)
            tensors.append([tensor])
            made[id(call.layer)] = None
            continue
        layer = made.get(id(call.layer))
        if layer is None:
            layer = made[id(call.layer)] = made_anew(call.layer, name, call.path, library)
        args, kwargs = keras.tree.map_structure(
            lambda value: tensors[value.position][value.index] if isinstance(value, Source) else value, call.arguments
        )
        outputs = layer(*args, **kwargs, **_training(call, layer, graph))
        tensors.append(outputs if isinstance(outputs, list | tuple) else [outputs])
    taken = [tensors[position][0] for position in graph.inputs]
    given = [tensors[source.position][source.index] for source in graph.outputs]
    model = library.Model(_single(taken), _single(given), name=graph.name)
    return Written(model, tuple(made[id(call.layer)] for call in graph.calls))


def _training(call: LayerCall, layer: Any, graph: LayerGraph) -> dict[str, bool]:
    """The `training` of a call. A batch normalisation that never trains is frozen: tfmot drops arguments."""
    if call.training is None:
        return {}
    never = all(other.training is False for other in graph.calls if other.layer is call.layer)
    if never and type(layer).__name__ == "BatchNormalization":
        layer.trainable = False
        return {}
    takes = getattr(layer, "_call_has_training_arg", False) or getattr(layer, "_expects_training_arg", False)
    return {"training": call.training} if takes else {}


def _input_dtype(dtype: str) -> str:
    return "float32" if "float" in dtype else dtype


def _single(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def _names(calls: Sequence[LayerCall]) -> list[str]:
    """A name per call that no other layer has; the calls of one layer share theirs."""
    given: dict[int, str] = {}
    taken: set[str] = set()
    for call in calls:
        if id(call.layer) in given:
            continue
        base = name = call.path.replace("/", "_")
        number = 1
        while name in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add(name)
        given[id(call.layer)] = name
    return [given[id(call.layer)] for call in calls]
