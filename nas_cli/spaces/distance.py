"""How far two architectures are from each other."""

from functools import lru_cache

from nas_cli.spaces.architecture import Architecture, Node, Value


def architecture_distance(first: Architecture, second: Architecture) -> float:
    """The edit distance between two layer lists: 0 for equal networks, at most the number of layers of both.

    A layer that only one of them has costs 1. A layer changed into one of the same operation costs the mean over its
    settings of 1 − min/max (numbers) or of inequality (the rest), halved where it reads as many layers as before and
    1 where it does not; into one of another operation it costs 2, as much as leaving one out and adding one.
    The input does not count. Auto-Keras (Jin et al. 2019, arXiv:1806.10282, section 3.1) measures the same way, but
    matches layers by width and skip connections apart; here connections only count by how many a layer has.
    """
    ours, theirs = first.nodes[1:], second.nodes[1:]
    above = [float(count) for count in range(len(theirs) + 1)]
    for row, mine in enumerate(ours, start=1):
        current = [float(row)]
        for column, other in enumerate(theirs, start=1):
            changed = above[column - 1] + (0.0 if mine is other else _change(mine, other))
            current.append(min(above[column] + 1.0, current[-1] + 1.0, changed))
        above = current
    return above[-1]


@lru_cache(maxsize=1 << 16)
def _key(n: Node) -> tuple[str, int, tuple[tuple[str, Value], ...]]:
    """What of a node counts: where its inputs lie in the list does not."""
    return n.op, len(n.inputs), n.settings


def _change(mine: Node, other: Node) -> float:
    return _between(_key(mine), _key(other))


@lru_cache(maxsize=1 << 16)
def _between(
    mine: tuple[str, int, tuple[tuple[str, Value], ...]], other: tuple[str, int, tuple[tuple[str, Value], ...]]
) -> float:
    if mine == other:
        return 0.0
    if mine[0] != other[0]:
        return 2.0
    if mine[1] != other[1]:
        return 1.0
    ours, theirs = dict(mine[2]), dict(other[2])
    names = ours.keys() | theirs.keys()
    return 0.5 * sum(_unlike(ours.get(name), theirs.get(name)) for name in sorted(names)) / len(names)


def _unlike(one: Value | None, other: Value | None) -> float:
    if one == other:
        return 0.0
    if not isinstance(one, int | float) or not isinstance(other, int | float) or isinstance(one, bool):
        return 1.0
    high = max(abs(one), abs(other))
    return 1.0 - min(abs(one), abs(other)) / high if one * other >= 0 else 1.0
