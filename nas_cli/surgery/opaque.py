"""Layers whose inner working is not followed: what they read and what they give stays as it is."""

from nas_cli.errors import ConfigError
from nas_cli.surgery.effect import CHAIN, JOIN, Context, Effect


def model_input(context: Context) -> Effect:
    """The data have the channels that they have."""
    outputs = context.new_outputs("model input")
    supplies = outputs[0].units.ravel()
    return Effect(outputs, supplies=supplies)


def opaque(context: Context) -> Effect:
    """Attention, recurrent layers, …: all channels on both sides are fixed, the weights are copied."""
    inner = getattr(context.layer, "layer", None)
    if inner is not None and not type(inner).__module__.startswith("keras."):
        kind = type(inner)
        raise ConfigError(
            f"layer '{context.path}' wraps a {kind.__module__}.{kind.__name__}, whose channels cannot be followed."
        )
    reason = context.fix(f"the {context.call.kind} layer")
    outputs = context.new_outputs(reason)
    missing = JOIN if len(context.inputs) > 1 else CHAIN
    return Effect(outputs, supplies=outputs[0].units.ravel(), missing=missing)
