"""Trained weights of a parent put into the network of its child."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nas_cli.errors import ConfigError
from nas_cli.spaces.morphism import Morphism


def grown(parent: Any, child: Any, morphisms: Sequence[Morphism], seed: int, noise: float = 0.0) -> int:
    """The number of layers of `child` that got the parent's weights after its function-preserving changes: all of them.

    `parent` and `child` are built models of two architectures, the second being the first after the changes
    (`spaces.morphing.morphed`): then the child computes what the parent computes. `noise`: see `surgery.widen`.

    Raises:
        ConfigError: the changes do not lead from the one to the other.
    """
    from nas_cli.models.adapted import give

    rng = np.random.default_rng(seed)
    model, names = parent, _places(parent)
    for morphism in morphisms:
        model, names = _changed(model, names, morphism, rng, noise)
    taken = 0
    for at, name in _places(child).items():
        layer, source = child.get_layer(name), names.get(at)
        if not layer.weights:
            continue
        values = [] if source is None else model.get_layer(source).get_weights()
        if [value.shape for value in values] != [tuple(weight.shape) for weight in layer.weights]:
            raise ConfigError(f"{len(morphisms)} changes of the parent do not lead to this network: layer '{name}'.")
        give(layer, values)
        taken += 1
    return taken


def _places(model: Any) -> dict[int, str]:
    """The layer of each node of the model's architecture, by the node's position: 'conv2d_3' is node 3."""
    found = {}
    for layer in model.layers:
        op, _, number = layer.name.rpartition("_")
        if number.isdigit() and "_input_" not in op:
            found[int(number)] = layer.name
    return found


def _changed(
    model: Any, names: dict[int, str], morphism: Morphism, rng: np.random.Generator, noise: float
) -> tuple[Any, dict[int, str]]:
    from nas_cli.surgery.grow import deepen, skip, widen

    at = names.get(morphism.node)
    if at is None:
        raise ConfigError(f"node {morphism.node} of the parent is no layer that can change.")
    if morphism.kind == "widen":
        return widen(model, _group(model, at), int(morphism.width or 0), rng, noise), names
    if morphism.kind == "deepen":
        known = {layer.name for layer in model.layers}
        deeper = deepen(model, at)
        new = [layer.name for layer in deeper.layers if layer.name not in known]
        return deeper, _shifted(names, morphism.node, new)
    source = names.get(-1 if morphism.source is None else morphism.source)
    if morphism.kind != "skip" or source is None:
        raise ConfigError(f"the parent knows no change {morphism}.")
    joined = skip(model, source, at)
    merge = next(layer.name for layer in joined.layers[::-1] if _is_new_merge(layer, model))
    return joined, _shifted(names, morphism.node, [merge])


def _is_new_merge(layer: Any, model: Any) -> bool:
    return type(layer).__name__ == "Concatenate" and layer.name not in {known.name for known in model.layers}


def _shifted(names: dict[int, str], at: int, new: Sequence[str]) -> dict[int, str]:
    """The layers of the nodes when `new` stand behind node `at`."""
    moved = {place + len(new) if place > at else place: name for place, name in names.items()}
    return moved | {at + 1 + place: name for place, name in enumerate(new)}


def _group(model: Any, layer: str) -> str:
    """The channel group that a layer makes."""
    from nas_cli.surgery.channels import find_channels

    names = [group.name for group in find_channels(model).groups if layer in group.producers]
    if len(names) != 1:
        raise ConfigError(f"the channels of '{layer}' are in {len(names)} groups, cannot be widened together.")
    return names[0]
