"""What two different networks have in common, and the weights that one can take from the other."""

from difflib import SequenceMatcher
from typing import Any

import numpy as np
from numpy.typing import NDArray

KINDS = ("Conv2D", "DepthwiseConv2D", "Dense", "BatchNormalization")


def take_overlap(parent: Any, child: Any) -> int:
    """The number of layers of `child` that start from weights of `parent`, a trained model of another architecture.

    The layers with weights of both are matched in graph order as the longest common runs of their kinds (difflib's
    rule: the longest run first, then what lies on either side of it). Of matched layers the common part is copied: the
    first channels of each axis, and of kernels of two sizes the centres; the rest keeps its fresh values. The last
    layer only matches the last. A dense layer behind a flattened map takes nothing if its number of inputs differs:
    its rows then mean other places.
    """
    ours, theirs = _weighted(child), _weighted(parent)
    pairs = [(ours[-1], theirs[-1])] if ours and theirs else []
    ours, theirs = ours[:-1], theirs[:-1]
    mine, given = ([type(layer).__name__ for layer in layers] for layers in (ours, theirs))
    for block in SequenceMatcher(None, mine, given, autojunk=False).get_matching_blocks():
        pairs += [(ours[block.a + at], theirs[block.b + at]) for at in range(block.size)]
    return sum(_copied(target, source) for target, source in pairs)


def _weighted(model: Any) -> list[Any]:
    return [layer for layer in model.layers if layer.weights and type(layer).__name__ in KINDS]


def _copied(target: Any, source: Any) -> bool:
    new = [np.array(value) for value in target.get_weights()]
    old = source.get_weights()
    if type(target) is not type(source) or len(new) != len(old):
        return False
    if new[0].shape[0] != old[0].shape[0] and type(target).__name__ == "Dense" and _is_flattened(target):
        return False
    for values, given in zip(new, old, strict=True):
        _overlay(values, given)
    target.set_weights(new)
    return True


def _overlay(values: NDArray[Any], given: NDArray[Any]) -> None:
    """Puts the common part of `given` into `values`: kernels, of rank 4, at their centres."""
    into, out = [], []
    for axis, (wanted, had) in enumerate(zip(values.shape, given.shape, strict=True)):
        common = min(wanted, had)
        centred = values.ndim == 4 and axis < 2
        starts = ((wanted - common) // 2, (had - common) // 2) if centred else (0, 0)
        into.append(slice(starts[0], starts[0] + common))
        out.append(slice(starts[1], starts[1] + common))
    values[tuple(into)] = given[tuple(out)]


def _is_flattened(layer: Any) -> bool:
    """True if what the layer reads was a map, seen through layers that keep its form, dropout say."""
    history = layer.input._keras_history
    while type(history.operation).__name__ in ("Dropout", "Activation", "BatchNormalization", "Identity"):
        history = history.operation.input._keras_history
    return type(history.operation).__name__ == "Flatten"
