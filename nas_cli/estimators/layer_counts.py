"""Layers of an architecture before and after a compression, by their names before it."""

from collections.abc import Mapping
from typing import Any

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.spaces.architecture import Architecture, Node, node
from nas_cli.spaces.channel_ties import WIDTH


def layer_counts(architecture: Architecture, model: Any, compression: Any) -> dict[str, dict[str, int]]:
    """{"alive", "sizes", "layer_flops"} by layer name ('conv2d_3') of the uncompressed `model` of `architecture`.

    `compression` (a `morph.compress.Compression`) counts by group of tied channels: a layer's channels are those of
    all groups that it produces. `layer_flops` are those in the compressed network; a layer that was removed counts as
    if it had kept one channel.
    """
    from nas_cli.surgery.channels import find_channels

    names = {f"{n.op}_{i}" for i, n in enumerate(architecture.nodes[:-1]) if n.op in WIDTH}
    alive, sizes = dict.fromkeys(sorted(names), 0), dict.fromkeys(sorted(names), 0)
    for group in find_channels(model).groups:
        for producer in names.intersection(group.producers):
            alive[producer] += int(compression.alive.get(group.name, len(group.units)))
            sizes[producer] += int(compression.sizes.get(group.name, len(group.units)))
    layers = architecture_cost(with_widths(architecture, sizes)).layers
    flops = {layer.name: 2 * layer.macs for layer in layers if layer.name in names}
    return {"alive": alive, "sizes": sizes, "layer_flops": flops}


def with_widths(architecture: Architecture, widths: Mapping[str, int]) -> Architecture:
    """The architecture with other widths of the named layers, at least 1."""
    return Architecture(tuple(_resized(n, widths.get(f"{n.op}_{i}")) for i, n in enumerate(architecture.nodes)))


def same_layers(one: Architecture, other: Architecture) -> bool:
    """True if both have the same operations in the same places, so that a name means the same layer in both."""
    return [n.op for n in one.nodes] == [n.op for n in other.nodes]


def _resized(n: Node, width: int | None) -> Node:
    if width is None:
        return n
    return node(n.op, n.inputs, **{**dict(n.settings), WIDTH[n.op]: max(1, width)})
