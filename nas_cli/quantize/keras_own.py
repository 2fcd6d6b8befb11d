"""Keras' own quantization: the weights of layers that have it, in int8 or int4."""

import warnings
from typing import Any

from nas_cli.errors import ConfigError
from nas_cli.models.nonzero import quantized_to


def quantize_in_keras(model: Any, kind: str) -> list[str]:
    """The names of the layers that `kind`, int8 or int4, was applied to; the model is changed in place.

    Keras 3.15 quantizes Dense, EinsumDense and Embedding layers: their weights with a scale per output channel (int4:
    per block of inputs), their inputs while the model runs. Convolutions stay as they are.

    Raises:
        ConfigError: if the model has no such layer.
    """
    with warnings.catch_warnings():
        # One for each layer that has no quantization of its own.
        warnings.simplefilter("ignore")
        model.quantize(kind)
    changed = [layer.name for layer in model._flatten_layers(include_self=False) if quantized_to(layer) == kind]
    if not changed:
        raise ConfigError(
            f"Keras can quantize none of the model's layers to {kind}: it has no Dense, EinsumDense or Embedding "
            "layer; use a TFLite method, such as int8."
        )
    return changed
