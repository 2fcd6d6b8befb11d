"""Which weights decide about a unit: the scales of batch norms, or the kernels of its producers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nas_cli.surgery.channels import Channels, LayerChannels
from nas_cli.surgery.layer_terms import COUNTED, kernels


@dataclass(frozen=True, eq=False)
class Members:
    """One weight whose slices belong to units: a batch norm's gamma, or a kernel with a slice per output channel.

    `units`: of each slice; -1 where the slice decides about no unit. `path`: of the layer.
    """

    path: str
    kind: Literal["gamma", "norm"]
    variable: Any
    layer: Any
    units: NDArray[np.int64]


def find_members(channels: Channels, regularizer: str) -> list[Members]:
    """The weights that decide about the units of groups that are not fixed.

    gamma: the gammas of all batch norms (scale=True) that carry a unit, if every convolution or dense layer reads the
    unit through one, however far behind the producer: so also in pre-activation networks, where a batch norm reads a
    sum. Otherwise per producer the gamma of the batch norm that alone reads it; a unit with a producer that has none
    has no members. group_lasso: the kernels of the producers. auto: gamma, and the kernels of producers that have no
    such batch norm; for a unit that a batch norm follows, the norm of its kernel says nothing, since the
    normalisation undoes any scale.

    A unit without members is never removed.
    """
    reading = _Reading(channels, _scales)
    found: dict[tuple[str, str], list[int]] = {}
    by_path = {layer.path: layer for layer in reversed(channels.layers)}
    for group in channels.groups:
        if group.fixed is not None:
            continue
        producers = [by_path[path] for path in group.producers if path in by_path]
        if len(producers) < len(group.producers) or any(producer.kind not in COUNTED for producer in producers):
            continue
        for units in reading.parted(group.units, regularizer != "group_lasso"):
            for key in _deciding(units, producers, reading, regularizer):
                found.setdefault(key, []).extend(units.tolist())
    return [_members(by_path[path], kind, np.array(units)) for (path, kind), units in found.items()]


def _deciding(
    units: NDArray[np.int64], producers: Sequence[LayerChannels], reading: "_Reading", regularizer: str
) -> list[tuple[str, str]]:
    """(layer, kind) of the weights that decide about units which are all normed or all not."""
    if regularizer == "group_lasso":
        return [(producer.path, "norm") for producer in producers]
    if len(units) and reading.normed[units[0]]:
        return [(norm.path, "gamma") for norm in reading.norms if np.isin(units, norm.inputs).any()]
    norms = [producer.norm for producer in producers]
    if regularizer == "gamma" and None in norms:
        return []
    return [
        (producer.path, "norm") if norm is None else (norm, "gamma")
        for producer, norm in zip(producers, norms, strict=True)
    ]


def _members(layer: LayerChannels, kind: str, units: NDArray[np.int64]) -> Members:
    own = layer.inputs if kind == "gamma" else layer.outputs
    kept = np.where(np.isin(own, units), own, -1)
    if kind == "gamma":
        return Members(layer.path, "gamma", layer.layer.gamma, layer.layer, kept)
    return Members(layer.path, "norm", kernels(layer.layer)[-1], layer.layer, kept)


def read_through_batch_norms(channels: Channels) -> NDArray[np.bool_]:
    """The units that every convolution or dense layer reads through a batch norm, with a scale or not."""
    return _Reading(channels, _is_norm).normed


class _Reading:
    """How convolution and dense layers read the units: through a batch norm of the wanted kind, or not."""

    def __init__(self, channels: Channels, wanted: Callable[[LayerChannels], bool]) -> None:
        by_call = {id(layer.call): layer for layer in channels.layers}
        self.norms = list({id(layer.layer): layer for layer in reversed(channels.layers) if wanted(layer)}.values())
        raw = np.zeros(channels.units, bool)
        through: list[bool] = []
        for call in channels.traced.calls:
            layer, sources = by_call.get(id(call)), [through[at] for at in call.inputs]
            through.append((layer is not None and wanted(layer)) or _normed(call.kind, sources))
            if layer is not None and call.kind in COUNTED and not all(sources):
                raw[layer.inputs] = True
        self.normed = np.zeros(channels.units, bool)
        for norm in self.norms:
            self.normed[norm.inputs] = True
        self.normed &= ~raw

    def parted(self, units: NDArray[np.int64], by_norm: bool) -> Iterator[NDArray[np.int64]]:
        """The units, if wanted those that are read through batch norms only apart from the others."""
        if not by_norm:
            yield units
            return
        for part in (units[self.normed[units]], units[~self.normed[units]]):
            if len(part):
                yield part


def _is_norm(layer: LayerChannels) -> bool:
    return layer.kind == "BatchNormalization"


def _scales(layer: LayerChannels) -> bool:
    return _is_norm(layer) and bool(layer.layer.scale)


def _normed(kind: str, inputs: Sequence[bool]) -> bool:
    """Whether a call's output depends on the scale of its producers through a batch norm only, if its inputs do.

    A product does if one factor does: a gate is bounded.
    """
    if kind in COUNTED or not inputs:
        return False
    return any(inputs) if kind == "Multiply" else all(inputs)
