"""Which function-preserving changes an architecture has, and the architecture after one."""

from dataclasses import replace
from typing import Any

from nas_cli.errors import ConfigError
from nas_cli.spaces.architecture import Architecture, Node, node
from nas_cli.spaces.channel_ties import WIDTH, tied
from nas_cli.spaces.morphism import Morphism

KERNEL = 3
"""Side of an inserted convolution, as the surgery that inserts it has it."""

VECTOR = ("dense", "flatten", "global_average_pool")


def morphed(architecture: Architecture, morphism: Morphism) -> Architecture:
    """The architecture after a change; new nodes stand right behind `morphism.node`, and its readers read the last.

    widen: all layers whose channels are added to those of the node get the width too.
    deepen: behind a map a 3×3 convolution, behind a vector a dense layer, of the same width and activation; where the
        node is, or reads, a batch norm, a linear one without bias, a batch norm and an activation.
    skip: a merge that concatenates the channels of `source` to those of the node. What reads it weighs the new channels
        with 0 at first (Elsken et al. 2017, arXiv:1711.04528, section 3, network morphism type II; their type IV, which
        adds, is not offered).

    Raises:
        ConfigError: if the change is not possible here.
    """
    if not 0 < morphism.node < len(architecture.nodes):
        raise _impossible(architecture, morphism)
    if morphism.kind == "widen":
        return _widened(architecture, morphism)
    if morphism.kind == "deepen" and morphism.node in deepenable(architecture):
        return _inserted(architecture, morphism.node, _identity(architecture, morphism.node))
    if morphism.kind == "skip" and (morphism.source, morphism.node) in skips(architecture):
        at, source = morphism.node, morphism.source or 0
        return _inserted(architecture, at, [node("merge", (at, source), mode="concat")])
    raise _impossible(architecture, morphism)


def widenable(architecture: Architecture) -> list[int]:
    """The nodes that can be widened; of layers that are widened together the first."""
    found = []
    for at in range(len(architecture.nodes)):
        together = tied(architecture, at)
        if together is not None and at == min(together):
            found.append(at)
    return found


def deepenable(architecture: Architecture) -> list[int]:
    """The nodes that a layer with the identity can follow: those that end on ReLU, where a second ReLU is idle."""
    last = len(architecture.nodes) - 1
    return [at for at in range(1, last) if _ends_on_relu(architecture, at) and width(architecture, at) is not None]


def skips(architecture: Architecture) -> list[tuple[int, int]]:
    """(source, node) of all skip connections that can be added: both end on ReLU and are maps, or both vectors; the
    node computes with the source, so that its map is no larger; and nobody adds the node's channels to others."""
    nodes = architecture.nodes
    ends = [at for at in range(1, len(nodes) - 1) if _ends_on_relu(architecture, at)]
    known = _ancestors(architecture)
    found = []
    for at in ends:
        if not _only_weighed(architecture, at):
            continue
        joined = _joined(nodes, at)
        found += [
            (source, at)
            for source in ends
            if source in known[at] and source not in joined and is_vector(nodes, source) == is_vector(nodes, at)
        ]
    return found


def width(architecture: Architecture, at: int) -> int | None:
    """The channels or features of a node's output; None where they depend on the size of a map."""
    n = architecture.nodes[at]
    settings: dict[str, Any] = dict(n.settings)
    if n.op in WIDTH:
        return int(settings[WIDTH[n.op]])
    if n.op == "input":
        return int(settings["shape"][-1])
    if n.op == "flatten":
        return None
    parts = [width(architecture, source) for source in n.inputs]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    if n.op == "merge":
        return sum(known) if settings["mode"] == "concat" else max(known)
    return known[0] * int(settings.get("multiplier", 1))


def is_vector(nodes: tuple[Node, ...], at: int) -> bool:
    """True for a node whose output has features only, no height and width."""
    n = nodes[at]
    if n.op == "input":
        return len(n["shape"]) == 1
    return n.op in VECTOR or is_vector(nodes, n.inputs[0])


def _widened(architecture: Architecture, morphism: Morphism) -> Architecture:
    together, wanted = tied(architecture, morphism.node), morphism.width
    if together is None or wanted is None or wanted <= (width(architecture, morphism.node) or 0):
        raise _impossible(architecture, morphism)
    nodes = list(architecture.nodes)
    for at in together:
        old = nodes[at]
        nodes[at] = node(old.op, old.inputs, **{**dict(old.settings), WIDTH[old.op]: wanted})
    return Architecture(tuple(nodes))


def _identity(architecture: Architecture, at: int) -> list[Node]:
    """The nodes of an inserted layer, whose first reads `at` and is followed by the others."""
    n, channels = architecture.nodes[at], width(architecture, at) or 0
    named = {key: value for key, value in n.settings if key == "initializer"}
    normalised = any(architecture.nodes[place].op == "batch_norm" for place in (at, *_inputs(architecture, at)))
    shared: dict[str, Any] = {"activation": "linear", "use_bias": False} if normalised else {"activation": "relu"}
    if is_vector(architecture.nodes, at):
        first = node("dense", (at,), units=channels, **shared, **named)
    else:
        first = node("conv2d", (at,), filters=channels, kernel=KERNEL, **shared, **named)
    if not normalised:
        return [first]
    return [first, node("batch_norm", (at + 1,)), node("activation", (at + 2,), activation="relu")]


def _inserted(architecture: Architecture, at: int, new: list[Node]) -> Architecture:
    """The architecture with new nodes behind `at`; whoever read `at` reads the last of them."""
    count = len(new)

    def moved(source: int) -> int:
        return source + count if source >= at else source

    before = architecture.nodes[: at + 1]
    after = [replace(n, inputs=tuple(moved(source) for source in n.inputs)) for n in architecture.nodes[at + 1 :]]
    return Architecture((*before, *new, *after))


def _ends_on_relu(architecture: Architecture, at: int) -> bool:
    n = architecture.nodes[at]
    return n.op in (*WIDTH, "depthwise_conv2d", "activation") and dict(n.settings).get("activation") == "relu"


def _inputs(architecture: Architecture, at: int) -> list[int]:
    """What a node reads; a merge of one input is that input."""
    found = []
    for source in architecture.nodes[at].inputs:
        while architecture.nodes[source].op == "merge" and len(architecture.nodes[source].inputs) == 1:
            source = architecture.nodes[source].inputs[0]
        found.append(source)
    return found


def _only_weighed(architecture: Architecture, at: int) -> bool:
    """True if on every way from a node there is a layer that weighs its channels before any sum of channels."""
    for reader, n in enumerate(architecture.nodes):
        if at not in n.inputs or n.op in WIDTH:
            continue
        added = n.op == "merge" and n["mode"] == "sum" and len(n.inputs) > 1
        if added or not _only_weighed(architecture, reader):
            return False
    return at < len(architecture.nodes) - 1


def _joined(nodes: tuple[Node, ...], at: int) -> set[int]:
    """The nodes that are merged with `at`, also by one merge behind another."""
    found = {at}
    merges = {at}
    for place, n in enumerate(nodes):
        if n.op == "merge" and merges & set(n.inputs):
            merges.add(place)
            found |= set(n.inputs)
    return found


def _ancestors(architecture: Architecture) -> list[set[int]]:
    known: list[set[int]] = []
    for n in architecture.nodes:
        known.append(set(n.inputs).union(*(known[source] for source in n.inputs)))
    return known


def _impossible(architecture: Architecture, morphism: Morphism) -> ConfigError:
    op = architecture.nodes[morphism.node].op if 0 <= morphism.node < len(architecture.nodes) else "none"
    return ConfigError(
        f"{morphism.kind} is not possible at node {morphism.node} ({op}) with width {morphism.width} and source "
        f"{morphism.source}: see nas_cli.spaces.morphing for what is."
    )
