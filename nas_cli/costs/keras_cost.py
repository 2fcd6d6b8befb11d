"""The cost of any built functional or sequential Keras model."""

from typing import Any

from nas_cli.costs.cost import VIEW, Cost, LayerCost, total
from nas_cli.costs.keras_graph import Call, trace
from nas_cli.costs.keras_layers import count, memory

STANDARDISING = ("Rescaling", "Normalization")


def model_cost(model: Any) -> Cost:
    """The cost on one example, nested models included; equal to `architecture_cost` of what the model was built from.

    A layer that is called several times has its parameters counted once and its arithmetic at each call.
    Rescaling and Normalization layers on a model input belong to the data: no operations, no memory of their own
    (their weights are parameters, as Keras counts them).

    Raises:
        ConfigError: naming the layer's path, if a layer is not one whose operations are known, a size is not fixed, or
            a model has no layer graph.
    """
    calls, outputs = trace(model)
    seen: set[int] = set()
    data: set[int] = set()
    layers: list[LayerCost] = []
    for position, call in enumerate(calls):
        kind = type(call.operation).__name__
        if kind == "InputLayer" or (kind in STANDARDISING and data.issuperset(call.inputs)):
            data.add(position)
        layers.append(_layer_cost(call, kind, position in data, seen))
    return total(layers, [position for position, _ in outputs])


def _layer_cost(call: Call, kind: str, is_data: bool, seen: set[int]) -> LayerCost:
    macs, other_flops = count(call)
    params, trainable = _new_params(call.operation, seen)
    standardised = is_data and bool(call.inputs)
    return LayerCost(
        name=call.path,
        kind=kind,
        inputs=call.inputs,
        output_shape=call.shapes[0],
        params=params,
        trainable_params=trainable,
        macs=macs,
        other_flops=0 if standardised else other_flops,
        memory=VIEW if standardised else memory(call),
        output_size=call.size if len(call.shapes) > 1 else None,
    )


def _new_params(operation: Any, seen: set[int]) -> tuple[int, int]:
    """(all, trainable) numbers in the weights that no earlier call has brought."""
    weights = {id(weight): _size(weight) for weight in getattr(operation, "weights", ())}
    fresh = {key: size for key, size in weights.items() if key not in seen}
    seen.update(fresh)
    trains = {id(weight) for weight in getattr(operation, "trainable_weights", ())}
    return sum(fresh.values()), sum(size for key, size in fresh.items() if key in trains)


def _size(weight: Any) -> int:
    size = 1
    for length in weight.shape:
        size *= int(length)
    return size
