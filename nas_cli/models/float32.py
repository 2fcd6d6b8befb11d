"""A model that computes in float32, whatever precision it was trained in."""

from typing import Any

from nas_cli.models.adapted import settle_all


def in_float32(model: Any) -> Any:
    """A copy of the Keras model whose layers, nested ones included, compute in float32, with the same weights.

    Weights of mixed precision are float32 already, so that nothing is lost.
    """
    import keras

    described = _with_float32(keras.saving.serialize_keras_object(model))
    copy = keras.saving.deserialize_keras_object(described)
    copy.set_weights(model.get_weights())
    settle_all(copy)
    return copy


def _with_float32(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get("class_name") == "DTypePolicy":
            return {**value, "config": {"name": "float32"}}
        return {key: _with_float32(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_with_float32(item) for item in value)
    return value
