"""Keras 3 models as tf_keras models and back: the same layers and weights, outputs compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nas_cli.errors import ConfigError
from nas_cli.models.adapted import settle
from nas_cli.models.tf_keras_graph import LayerGraph, Written, read_keras, read_tf_keras, write
from nas_cli.models.tf_keras_library import quiet_tf_keras, tf_keras

TOLERANCE = 1e-5
"""Largest difference of outputs, relative to the largest output (at least 1)."""


@dataclass(frozen=True, eq=False)
class Twin:
    """A tf_keras model that computes what a Keras 3 model does.

    `layers`: the Keras 3 layer of each of its layers' names. `paths`: that layer's path through nested models.
    """

    model: Any
    layers: Mapping[str, Any]
    paths: Mapping[str, str]


def to_tf_keras(model: Any) -> Any:
    """A tf_keras model with the weights and, within 1e-5, the outputs of a Keras 3 model.

    Nested models come out flat. It computes in float32 whatever the precision of the Keras model is.

    Raises:
        ConfigError: if a layer has no counterpart in Keras 2 or computes something else there; it is named.
    """
    return twin(model).model


def twin(model: Any) -> Twin:
    """`to_tf_keras` with the layers that belong together; errors as there."""
    import keras

    graph = read_keras(model)
    with quiet_tf_keras():
        written = _copy(graph, tf_keras())
        # The Keras model itself may compute in bfloat16, or be nested: its flat copy in float32 is the measure.
        _check_equal(graph, _copy(graph, keras), written)
    pairs = {layer.name: call for call, layer in zip(graph.calls, written.layers, strict=True) if layer is not None}
    return Twin(
        written.model,
        {name: call.layer for name, call in pairs.items()},
        {name: call.path for name, call in pairs.items()},
    )


def to_keras(model: Any) -> Any:
    """A Keras 3 model with the weights and, within 1e-5, the outputs of a flat tf_keras model.

    Raises:
        ConfigError: if a layer has no counterpart in Keras 3 or computes something else there; it is named.
    """
    import keras

    with quiet_tf_keras():
        graph = read_tf_keras(model)
        written = _copy(graph, keras)
        _check_equal(graph, Written(model, tuple(None if c.is_input else c.layer for c in graph.calls)), written)
    return written.model


def give_back(pair: Twin, model: Any) -> None:
    """Puts the weights of the tf_keras layers into the Keras 3 layers they were made from, in place.

    `model`: tf_keras, with the layers of the twin by name (its training may have wrapped and unwrapped them).
    """
    for layer in model.layers:
        given = pair.layers.get(layer.name)
        if given is not None and given.weights:
            given.set_weights(layer.get_weights())
            settle(given)


def _copy(graph: LayerGraph, library: Any) -> Written:
    """The graph written in `library`, with the weights of its layers."""
    written = write(graph, library)
    for call, layer in zip(graph.calls, written.layers, strict=True):
        if layer is None:
            continue
        values = call.layer.get_weights()
        shapes = [tuple(weight.shape) for weight in layer.get_weights()]
        if shapes != [value.shape for value in values]:
            raise ConfigError(
                f"layer '{call.path}' ({type(call.layer).__name__}) has weights of shapes "
                f"{[value.shape for value in values]}, in {library.__name__} {shapes}: it cannot be converted."
            )
        layer.set_weights(values)
        settle(layer)
    return written


def _check_equal(graph: LayerGraph, one: Written, other: Written) -> None:
    inputs = _random_inputs(graph)
    wanted, got = (_outputs(written.model, inputs) for written in (one, other))
    if all(_close(a, b) for a, b in zip(wanted, got, strict=True)):
        return
    for call, ours, theirs in zip(graph.calls, one.layers, other.layers, strict=True):
        if ours is not None and _differ(call.arguments, graph, ours, theirs):
            raise ConfigError(
                f"layer '{call.path}' ({type(call.layer).__name__}) computes something else in the other Keras with "
                f"the same settings {call.layer.get_config()}: it cannot be converted."
            )
    raise ConfigError(
        f"the converted model '{graph.name}' gives other outputs (difference "
        f"{max(float(np.abs(a - b).max()) for a, b in zip(wanted, got, strict=True)):.2g}): it cannot be converted."
    )


def _differ(arguments: tuple[Any, Any], graph: LayerGraph, one: Any, other: Any) -> bool:
    """Whether two layers give different outputs on random numbers of the shapes of their call."""
    import keras

    from nas_cli.models.tf_keras_graph import Source

    rng = np.random.default_rng(0)

    def number(value: Any) -> Any:
        if not isinstance(value, Source):
            return value
        return rng.normal(size=(2, *graph.calls[value.position].shape)).astype(np.float32)

    args, kwargs = keras.tree.map_structure(number, arguments)
    wanted, got = (keras.tree.flatten(layer(*args, **kwargs)) for layer in (one, other))
    return not all(_close(np.array(a), np.array(b)) for a, b in zip(wanted, got, strict=True))


def _random_inputs(graph: LayerGraph) -> list[Any]:
    """Inputs as pixels are, 0..255, and standardised ones: either may saturate. Whole numbers for embeddings."""
    rng = np.random.default_rng(0)
    inputs = []
    for position in graph.inputs:
        call = graph.calls[position]
        shape = (2, *call.shape)
        whole = "float" not in call.dtype
        if whole:
            inputs.append(rng.integers(0, 2, shape))
        else:
            both = np.concatenate([rng.uniform(0, 255, shape), rng.normal(size=shape)])
            inputs.append(both.astype(np.float32))
    return inputs


def _outputs(model: Any, inputs: Sequence[Any]) -> list[Any]:
    import tensorflow as tf

    given = [tf.convert_to_tensor(value) for value in inputs]
    outputs = model(given[0] if len(given) == 1 else given, training=False)
    return [np.array(output) for output in (outputs if isinstance(outputs, list | tuple) else [outputs])]


def _close(one: Any, other: Any) -> bool:
    size = max(1.0, float(np.abs(one).max(initial=0.0)))
    return bool(np.abs(one - other).max(initial=0.0) <= TOLERANCE * size)
