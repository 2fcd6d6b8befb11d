"""Which layers of an architecture can only have the same width, because their channels are added up."""

from functools import lru_cache

from nas_cli.spaces.architecture import Architecture, Node

WIDTH = {"conv2d": "filters", "dense": "units"}
"""Operation → setting that says how many channels or features its layer makes."""

PASSING = ("batch_norm", "activation", "max_pool", "average_pool", "subsample", "dropout", "global_average_pool",
           "shift", "zeros")  # fmt: skip
"""Operations whose channel i is made of channel i of their one input."""

FIXED = frozenset({-1})
"""Stands among the makers of channels that cannot be copied one by one: the input's, or those of a flattened map."""


def tied(architecture: Architecture, at: int) -> frozenset[int] | None:
    """The convolutions or dense layers that are as wide as node `at`, itself included; None if it cannot be widened.

    It cannot if it is no such layer, is the last one, or its channels are added to others that are fewer, more, or not
    the whole output of such layers.
    """
    last = len(architecture.nodes) - 1
    if architecture.nodes[at].op not in WIDTH or at == last:
        return None
    together = next(group for group in _groups(architecture) if at in group)
    return None if together & (FIXED | {last}) else together


@lru_cache(maxsize=64)
def _groups(architecture: Architecture) -> tuple[frozenset[int], ...]:
    """All layers with a width, and FIXED, parted into those whose channels are added up."""
    nodes = architecture.nodes
    groups = [FIXED, *(frozenset({at}) for at, n in enumerate(nodes) if n.op in WIDTH)]
    makers: list[frozenset[int]] = []
    for at, n in enumerate(nodes):
        made = frozenset({at}) if n.op in WIDTH else FIXED.union(*(makers[source] for source in n.inputs))
        if n.op not in WIDTH and _passes(n):
            made = frozenset().union(*(makers[source] for source in n.inputs))
        if n.op == "merge" and n["mode"] == "sum" and len(n.inputs) > 1:
            if len({nodes[maker][WIDTH[nodes[maker].op]] for maker in made - FIXED}) > 1:
                made |= FIXED
            groups = _united(groups, made)
        makers.append(made)
    return tuple(groups)


def _passes(n: Node) -> bool:
    """True if channel i of the output is made of channel i of each input."""
    if n.op == "merge":
        return n["mode"] == "sum" or len(n.inputs) == 1
    return n.op in PASSING or (n.op == "depthwise_conv2d" and dict(n.settings).get("multiplier", 1) == 1)


def _united(groups: list[frozenset[int]], together: frozenset[int]) -> list[frozenset[int]]:
    touched = [group for group in groups if group & together]
    return [*(group for group in groups if not group & together), frozenset().union(*touched)]
