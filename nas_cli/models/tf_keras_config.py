"""A layer of one Keras generation made as a layer of the other, from its settings."""

import inspect
from collections.abc import Mapping
from typing import Any

from nas_cli.errors import ConfigError

RENAMED = {("LeakyReLU", "negative_slope"): "alpha"}
"""Settings with another name in Keras 2."""

NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "data_format": (None, "channels_last"),
    "groups": (1,),
    "renorm_clipping": (None, {}),
    "renorm_momentum": (None, 0.99),
    "dynamic": (False,),
    "sparse": (False,),
    "ragged": (False,),
    "input_length": (None,),
    "time_major": (False,),
}
"""Values that say what the other generation does anyway, where it does not have the setting."""

IGNORED = (
    "batch_input_shape", "build_input_shape", "query_shape", "key_shape", "value_shape", "quantization_config",
    "autocast", "seed", "use_cudnn", "implementation",
)  # fmt: skip
"""Settings that do not decide what a layer computes at inference."""

UNSUPPORTED = ("Lambda", "Bidirectional", "TimeDistributed", "Wrapper", "RNN", "StackedRNNCells", "TFSMLayer")
"""Layers that hold code or other layers."""


def made_anew(layer: Any, name: str, path: str, library: Any) -> Any:
    """A layer of `library` (keras or tf_keras) called `name` that computes what `layer` of the other one does.

    Weights are not copied, and those it starts with are drawn by the class's default; it computes in float32. `path`
    names the layer in errors.

    Raises:
        ConfigError: if the library has no such layer, or a setting has no counterpart there.
    """
    kind = type(layer).__name__
    target = getattr(library.layers, kind, None)
    if target is None or kind in UNSUPPORTED or not _built_in(layer):
        raise ConfigError(
            f"layer '{path}' ({kind}) has no counterpart in {library.__name__}: tfmot takes layers that both Keras 3 "
            "and Keras 2 have, but none with Python code or layers inside. Do without tfmot, or replace the layer."
        )
    config = _translated(layer, path, target, library)
    try:
        made = target(**config, name=name, dtype="float32")
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        reason = " ".join(str(error).split())[:160]
        raise ConfigError(f"layer '{path}' ({kind}) cannot be made in {library.__name__}: {reason}") from error
    made.trainable = layer.trainable
    return made


def _built_in(layer: Any) -> bool:
    """Whether it is a layer of Keras' own, not of a user or of this package."""
    return type(layer).__module__.split(".")[0] in ("keras", "tf_keras")


def _translated(layer: Any, path: str, target: type, library: Any) -> dict[str, Any]:
    kind = type(layer).__name__
    known = _arguments(target)
    translated = {}
    for key, value in layer.get_config().items():
        wanted = _renamed(kind, key, known)
        if key in ("name", "dtype", "trainable") or key.endswith("_initializer"):
            continue
        if wanted in known:
            translated[wanted] = _single(_plain(value)) if key == "axis" else _plain(value)
        elif not _dispensable(layer, key, value):
            raise ConfigError(f"layer '{path}' ({kind}): {key}={value!r} has no counterpart in {library.__name__}.")
    return translated


def _renamed(kind: str, key: str, known: Mapping[str, Any]) -> str:
    for (layer, new), old in RENAMED.items():
        if kind == layer and key in (new, old) and key not in known:
            return old if key == new else new
    return key


def _dispensable(layer: Any, key: str, value: Any) -> bool:
    """Whether a setting that the other generation does not have says nothing."""
    if key in IGNORED or (key in NEUTRAL and value in NEUTRAL[key]):
        return True
    default = _arguments(type(layer)).get(key)
    return bool(value is None or value is False or (default is not None and value == default.default))


def _arguments(kind: type) -> Mapping[str, inspect.Parameter]:
    """The arguments of a layer's class, by name."""
    return inspect.signature(kind).parameters


def _single(axes: Any) -> Any:
    """A list of one axis, as Keras 2 keeps it, as a number."""
    return axes[0] if isinstance(axes, list) and len(axes) == 1 else axes


def _plain(value: Any) -> Any:
    """A setting as class names and numbers; both generations read initializers and the like in this form."""
    if isinstance(value, dict) and "class_name" in value and "config" in value:
        config = value["config"]
        if isinstance(config, dict):
            config = {key: _plain(item) for key, item in config.items() if key != "seed"}
        return {"class_name": value["class_name"], "config": config}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(_plain(item) for item in value)
    if isinstance(value, list):  # in Keras 2 a list that it tracks
        return [_plain(item) for item in value]
    return value
