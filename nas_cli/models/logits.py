"""Networks that end in softmax, made to end in logits: our losses and metrics are those of logits."""

from typing import Any

from nas_cli.errors import ConfigError


def ends_in_softmax(model: Any) -> bool:
    """True if the last operation, perhaps inside a nested model, is softmax or a layer with that activation."""
    operation = _last(model).operation
    return _activated(operation) or type(operation).__name__ == "Softmax"


def without_softmax(model: Any) -> Any:
    """The model that ends in softmax, with the same layers and weights, but its logits as outputs.

    An activation is switched off in place; a softmax that is a layer of its own is left out. Predicted classes stay
    the same; saved, the network gives logits in place of probabilities.

    Raises:
        ConfigError: if the softmax is a layer of its own inside a nested model.
    """
    import keras

    last = _last(model)
    operation = last.operation
    if _activated(operation):
        operation.activation = keras.activations.linear
        return model
    if model.outputs[0]._keras_history.operation is not operation:
        raise ConfigError(
            f"'{operation.name}', a softmax inside a nested model, is the network's end: our losses take logits; "
            "save the model without it."
        )
    logits = operation._inbound_nodes[last.node_index].input_tensors[0]
    return keras.Model(model.inputs[0], logits, name=model.name)


def _last(model: Any) -> Any:
    """The operation that computes the output, nested models opened up, with the number of its call."""
    import keras

    history = model.outputs[0]._keras_history
    return _last(history.operation) if isinstance(history.operation, keras.Model) else history


def _activated(operation: Any) -> bool:
    import keras

    return getattr(operation, "activation", None) is keras.activations.softmax
