"""From two cells to the network that they are stacked into (Liu et al. 2019, arXiv:1806.09055, appendix A.2)."""

from collections.abc import Sequence

from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.cell_genotype import CellGenotype, Edges
from nas_cli.spaces.layer_blocks import Layers

STEM_MULTIPLIER = 3
"""The stem has this many times the channels of the first cell."""


def network(
    genotype: CellGenotype, layers: int, channels: int, input_shape: tuple[int, ...], classes: int
) -> Architecture:
    """3×3 convolution with batch norm, `layers` cells, global average pooling, linear outputs.

    The cells at layers // 3 and 2·layers // 3 are reduction cells, each of which doubles the channels.
    """
    body = Layers(input_shape)
    stem = body.norm(body.convolution(0, STEM_MULTIPLIER * channels, 3))
    earlier, last, reduced = stem, stem, False
    for layer in range(layers):
        reduces = layer in (layers // 3, 2 * layers // 3)
        channels *= 2 if reduces else 1
        first = body.factorized_reduce(earlier, channels) if reduced else body.relu_conv_norm(earlier, channels, 1)
        second = body.relu_conv_norm(last, channels, 1)
        edges = genotype.reduction if reduces else genotype.normal
        earlier, last, reduced = last, _cell(body, edges, (first, second), channels, reduces), reduces
    body.classifier(last, classes)
    return Architecture(tuple(body.nodes))


def _cell(body: Layers, edges: Edges, inputs: Sequence[int], channels: int, reduces: bool) -> int:
    """The concatenated intermediate nodes, each the sum of its two edges; edges from the inputs have the stride."""
    nodes = list(inputs)
    for at in range(0, len(edges), 2):
        made = [
            operation(body, name, nodes[source], channels, 2 if reduces and source < 2 else 1)
            for name, source in edges[at : at + 2]
        ]
        nodes.append(body.joined(tuple(made)))
    return body.joined(tuple(nodes[2:]), "concat")


def operation(body: Layers, name: str, source: int, channels: int, stride: int) -> int:
    """One operation of DARTS on a map with `channels` channels, as it is when a found network is trained.

    A separable convolution is applied twice, the first time with the stride; dilation is 2. Pooling has no batch norm.
    A skip of stride 2 is `Layers.factorized_reduce`.
    """
    if name == "skip_connect":
        return source if stride == 1 else body.factorized_reduce(source, channels)
    if name in ("max_pool_3x3", "avg_pool_3x3"):
        return body.add("max_pool" if name.startswith("max") else "average_pool", source, size=3, stride=stride)
    kernel = int(name[-1])
    if name.startswith("dil_conv"):
        return body.separable(source, channels, kernel, stride, dilation=2)
    return body.separable(body.separable(source, channels, kernel, stride), channels, kernel)
