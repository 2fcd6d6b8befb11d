"""The architecture of a built network whose layers have lost channels."""

from collections.abc import Mapping
from typing import Any

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.keras_cost import model_cost
from nas_cli.costs.narrowed import narrowed
from nas_cli.errors import ConfigError
from nas_cli.spaces.architecture import Architecture


def described(architecture: Architecture, widths: Mapping[str, int], model: Any) -> Architecture | None:
    """The layer graph with the widths (see `narrowed`) if it is `model`'s, which its MACs and parameters tell.

    None where the layers' numbers no longer say which is which, as when whole layers were removed before.
    """
    try:
        made = narrowed(architecture, widths)
        expected = architecture_cost(made)
    except ConfigError:
        return None
    built = model_cost(model)
    return made if (expected.macs, expected.params) == (built.macs, built.params) else None


def layer_widths(model: Any) -> dict[str, int]:
    """How many channels or features each layer of a flat model makes, by its name, where its kernel says so."""
    found = {layer.name: getattr(layer, "filters", getattr(layer, "units", None)) for layer in model.layers}
    return {name: int(width) for name, width in found.items() if width is not None}
