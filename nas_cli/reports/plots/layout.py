"""Places for the nodes of a layered graph, top to bottom (Sugiyama, Tagawa and Toda 1981)."""

from collections.abc import Sequence
from dataclasses import dataclass

SWEEPS = 8
"""Passes down and up over the layers; crossings of graphs of this size stop falling after a few."""

GAP_X, GAP_Y, LANE = 0.25, 0.36, 0.3
"""Inches between boxes, between layers, and the width of an edge that passes a layer."""


@dataclass(frozen=True)
class Layout:
    """Centres of the nodes and corner points of the edges in inches, y downwards from 0.

    `edges` maps (source, target) to the points an edge passes, from the lower side of its source to the upper side
    of its target; between pairs of points it may bend, so that each layer is crossed on a vertical line.
    """

    centres: tuple[tuple[float, float], ...]
    edges: dict[tuple[int, int], list[tuple[float, float]]]
    width: float
    height: float


def lay_out(inputs: Sequence[Sequence[int]], sizes: Sequence[tuple[float, float]]) -> Layout:
    """A drawing in which every edge points down and no two boxes overlap.

    Args:
        inputs: for each node, in topological order, the nodes it reads.
        sizes: width and height of each box in inches.
    """
    ranks = longest_paths(inputs)
    layers, chains = _with_lanes(inputs, ranks)
    above = _neighbours(chains)
    below: dict[int, list[int]] = {}
    for node, sources in above.items():
        for source in sources:
            below.setdefault(source, []).append(node)
    layers = _ordered(layers, above, below)
    widths = {node: sizes[node][0] if node < len(sizes) else LANE for layer in layers for node in layer}
    xs = _abscissae(layers, above, below, widths)
    heights = [max((sizes[n][1] for n in layer if n < len(sizes)), default=0.0) for layer in layers]
    middles = [sum(heights[:i]) + GAP_Y * i + heights[i] / 2 for i in range(len(layers))]
    return _finished(inputs, sizes, ranks, chains, xs, heights, middles)


def longest_paths(inputs: Sequence[Sequence[int]]) -> list[int]:
    """The layer of each node: one below the lowest of its inputs."""
    ranks: list[int] = []
    for sources in inputs:
        ranks.append(1 + max((ranks[source] for source in sources), default=-1))
    return ranks


def spread(wanted: Sequence[float], widths: Sequence[float]) -> list[float]:
    """The places closest to `wanted` (least squares) at which boxes of these widths keep order and distance.

    Pool adjacent violators: after taking off the least distances the places only have to rise.
    """
    offsets = [0.0]
    for left, right in zip(widths, widths[1:], strict=False):
        offsets.append(offsets[-1] + (left + right) / 2 + GAP_X)
    pools: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        total, count = want - offset, 1
        while pools and pools[-1][0] / pools[-1][1] >= total / count:
            before, number = pools.pop()
            total, count = total + before, count + number
        pools.append((total, count))
    flat = [total / count for total, count in pools for _ in range(count)]
    return [value + offset for value, offset in zip(flat, offsets, strict=True)]


def crossings(layers: Sequence[Sequence[int]], above: dict[int, list[int]]) -> int:
    """The number of pairs of edges between neighbouring layers that cross."""
    found = 0
    for upper, lower in zip(layers, layers[1:], strict=False):
        place = {node: i for i, node in enumerate(upper)}
        ends = [(place[source], i) for i, node in enumerate(lower) for source in above.get(node, ())]
        found += sum((a - c) * (b - d) < 0 for n, (a, b) in enumerate(ends) for c, d in ends[:n])
    return found


def _with_lanes(
    inputs: Sequence[Sequence[int]], ranks: Sequence[int]
) -> tuple[list[list[int]], dict[tuple[int, int], list[int]]]:
    """Layers with a lane (a node without a box) wherever an edge passes one, and the nodes of each edge."""
    layers: list[list[int]] = [[] for _ in range(max(ranks) + 1)]
    for node, rank in enumerate(ranks):
        layers[rank].append(node)
    chains: dict[tuple[int, int], list[int]] = {}
    fresh = len(inputs)
    for target, sources in enumerate(inputs):
        for source in dict.fromkeys(sources):
            lanes = []
            for rank in range(ranks[source] + 1, ranks[target]):
                layers[rank].append(fresh)
                lanes.append(fresh)
                fresh += 1
            chains[source, target] = [source, *lanes, target]
    return layers, chains


def _neighbours(chains: dict[tuple[int, int], list[int]]) -> dict[int, list[int]]:
    above: dict[int, list[int]] = {}
    for chain in chains.values():
        for source, target in zip(chain, chain[1:], strict=False):
            above.setdefault(target, []).append(source)
    return above


def _ordered(layers: list[list[int]], above: dict[int, list[int]], below: dict[int, list[int]]) -> list[list[int]]:
    """The order with the fewest crossings that the barycentre sweeps meet."""
    current = [list(layer) for layer in layers]
    best, fewest = current, crossings(current, above)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        current = [list(layer) for layer in current]
        sequence = range(1, len(current)) if down else range(len(current) - 2, -1, -1)
        for rank in sequence:
            place = {node: i for i, node in enumerate(current[rank - 1 if down else rank + 1])}
            centre = {
                node: _mean([place[n] for n in (above if down else below).get(node, ())], float(i))
                for i, node in enumerate(current[rank])
            }
            current[rank].sort(key=centre.__getitem__)
        found = crossings(current, above)
        if found < fewest:
            best, fewest = current, found
    return best


def _abscissae(
    layers: list[list[int]], above: dict[int, list[int]], below: dict[int, list[int]], widths: dict[int, float]
) -> dict[int, float]:
    """Each node as near as the order allows to the mean of its neighbours."""
    xs: dict[int, float] = {}
    for layer in layers:
        places = spread([0.0] * len(layer), [widths[n] for n in layer])
        xs.update(zip(layer, places, strict=True))
    for sweep in range(2 * SWEEPS):
        down = sweep % 2 == 0
        for layer in layers if down else reversed(layers):
            near = above if down else below
            wanted = [_mean([xs[n] for n in near.get(node, ())], xs[node]) for node in layer]
            xs.update(zip(layer, spread(wanted, [widths[n] for n in layer]), strict=True))
    left = min(x - widths[node] / 2 for node, x in xs.items())
    return {node: x - left for node, x in xs.items()}


def _finished(
    inputs: Sequence[Sequence[int]],
    sizes: Sequence[tuple[float, float]],
    ranks: Sequence[int],
    chains: dict[tuple[int, int], list[int]],
    xs: dict[int, float],
    heights: Sequence[float],
    middles: Sequence[float],
) -> Layout:
    edges = {}
    for (source, target), chain in chains.items():
        path = [(xs[source], middles[ranks[source]] + sizes[source][1] / 2)]
        path.append((xs[source], middles[ranks[source]] + heights[ranks[source]] / 2))
        for step, lane in enumerate(chain[1:-1], start=1):
            rank = ranks[source] + step
            path += [(xs[lane], middles[rank] - heights[rank] / 2), (xs[lane], middles[rank] + heights[rank] / 2)]
        path.append((xs[target], middles[ranks[target]] - heights[ranks[target]] / 2))
        path.append((xs[target], middles[ranks[target]] - sizes[target][1] / 2))
        edges[source, target] = path
    centres = tuple((xs[node], middles[ranks[node]]) for node in range(len(inputs)))
    width = max(x + (sizes[n][0] if n < len(sizes) else LANE) / 2 for n, x in xs.items())
    return Layout(centres, edges, width, middles[-1] + heights[-1] / 2)


def _mean(values: Sequence[float], default: float) -> float:
    return sum(values) / len(values) if values else default
