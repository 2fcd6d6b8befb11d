"""Between plain layers and those with Gaussian weights."""

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from nas_cli.models.adapted import settle_all
from nas_cli.relevance.relevance import relevance
from nas_cli.relevance.settings import RelevanceSettings
from nas_cli.relevance.variational import VariationalConv2D, VariationalDense

_PLAIN = {VariationalDense: keras.layers.Dense, VariationalConv2D: keras.layers.Conv2D}
_VARIATIONAL = {plain: variational for variational, plain in _PLAIN.items()}
_OWN = ("share", "initial_log_variance", "seed")


def variational(model: Any, settings: RelevanceSettings) -> Any:
    """A copy of the model whose Dense and Conv2D layers have Gaussian weights around the present ones.

    Other layers with weights stay as they are.
    """

    def converted(layer: Any) -> Any:
        config = layer.get_config()
        if type(layer) not in _VARIATIONAL:
            return type(layer).from_config(config)
        own = {"share": settings.share, "initial_log_variance": settings.initial_log_variance, "seed": None}
        return _VARIATIONAL[type(layer)](**_known(config), **own)

    copy = keras.models.clone_model(model, clone_function=converted, recursive=True)
    for old, new in layer_pairs(model, copy):
        for weight, value in zip(new.weights, old.get_weights(), strict=type(old) not in _VARIATIONAL):
            weight.assign(value)
    settle_all(copy)
    return copy


def plain(model: Any, threshold: float = 0.0) -> Any:
    """A copy of the model in which Gaussian layers are Dense and Conv2D with the means as weights.

    Weights of `relevance` below the threshold are zero; with threshold 0 it computes what the model computes
    outside of training. Names stay, so do the weights of other layers.
    """
    copy = keras.models.clone_model(model, clone_function=_plain_layer, recursive=True)
    for old, new in layer_pairs(model, copy):
        new.set_weights(means(old, threshold) if type(old) in _PLAIN else old.get_weights())
    settle_all(copy)
    return copy


def means(layer: Any, threshold: float = 0.0) -> list[NDArray[np.float32]]:
    """The kernel, and the bias if there is one, of a Gaussian layer; zero where relevance is below the threshold."""
    pairs = zip(layer.gaussians, relevance(layer).values(), strict=True)
    return [np.where(ratio < threshold, 0, ops.convert_to_numpy(one.mean)) for one, ratio in pairs]


def _plain_layer(layer: Any) -> Any:
    config = layer.get_config()
    if type(layer) not in _PLAIN:
        return type(layer).from_config(config)
    return _PLAIN[type(layer)].from_config({name: value for name, value in config.items() if name not in _OWN})


def _known(config: dict[str, Any]) -> dict[str, Any]:
    """Without what only quantized or adapted layers have."""
    return {name: value for name, value in config.items() if value is not None}


def layer_pairs(model: Any, copy: Any) -> list[tuple[Any, Any]]:
    """The layers of both, without the models that hold them."""
    both = zip(model._flatten_layers(include_self=False), copy._flatten_layers(include_self=False), strict=True)
    return [(old, new) for old, new in both if not isinstance(old, keras.Model) and old.weights]
