"""Trained weights put into the layers of another network."""

from typing import Any

from nas_cli.estimators.contract import Donor


def take_over(model: Any, donor: Donor) -> list[str]:
    """Names of the layers of `model` that now have the donor's weights; those of other shapes keep their own."""
    from nas_cli.models.load import load_model

    given = load_model(donor.file)
    known = {layer.name for layer in given.layers}
    taken = []
    for name, theirs in donor.layers.items():
        if theirs in known and _copied(given.get_layer(theirs), model.get_layer(name)):
            taken.append(name)
    return taken


def take_surviving(model: Any, shrunk: Any) -> int:
    """The number of layers of `model` that got the weights of the network it is the architecture of.

    Both name their layers by operation and node ('conv2d_3'), but a network from which layers were removed is numbered
    anew: so the layers with weights are paired in order of their numbers.
    """
    pairs = zip(_numbered(model), _numbered(shrunk), strict=True)
    return sum(_copied(source, target) for target, source in pairs)


def _numbered(model: Any) -> list[Any]:
    layers = [layer for layer in model.layers if layer.weights]
    return sorted(layers, key=lambda layer: int(layer.name.split("_")[-1]))


def _copied(source: Any, target: Any) -> bool:
    values = source.get_weights()
    if [value.shape for value in values] != [tuple(weight.shape) for weight in target.weights]:
        return False
    target.set_weights(values)
    return True
