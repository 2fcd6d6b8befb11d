"""An architecture whose layers have lost channels."""

from collections.abc import Mapping, Sequence

from nas_cli.costs.shapes import Shape, pool_window, shapes
from nas_cli.errors import ConfigError
from nas_cli.spaces.architecture import Architecture, Node, node
from nas_cli.spaces.channel_ties import WIDTH


def narrowed(architecture: Architecture, widths: Mapping[str, int]) -> Architecture:
    """The layer graph with other widths: by the names of layers in its built model ('conv2d_3' is node 3).

    Layers that lost all channels go, with what reads nothing else. A merge that thereby keeps one input is that
    input; where only lost inputs made a merge's maps small, max pooling makes them so.

    Raises:
        ConfigError: the widths are of another network, or cut this one.
    """
    known = shapes(architecture)
    made: list[Node] = []
    places: list[int | None] = []
    for position, old in enumerate(architecture.nodes):
        sources = [places[source] for source in old.inputs]
        left = [source for source in sources if source is not None]
        width = _width(f"{old.op}_{position}", old, widths)
        if width == 0 or (old.inputs and not left):
            places.append(None)
        elif len(left) < len(sources):
            places.append(_merged(made, old, left, known[position]))
        else:
            settings = dict(old.settings) | ({} if width is None else {WIDTH[old.op]: width})
            places.append(_append(made, node(old.op, tuple(left), **settings)))
    if places[-1] is None:
        raise ConfigError("no way is left from the input to the output: leave every layer on it a channel.")
    return Architecture(tuple(made))


def _width(name: str, old: Node, widths: Mapping[str, int]) -> int | None:
    """None for a layer without a width; a layer that the model left out, since nothing reads it, keeps its own."""
    return widths.get(name, int(old[WIDTH[old.op]])) if old.op in WIDTH else None


def _merged(made: list[Node], old: Node, left: Sequence[int], shape: Shape) -> int:
    """The merge of the inputs that are left, at its old height and width."""
    sizes = shapes(Architecture(tuple(made)))
    at = left[0] if len(left) == 1 else _append(made, node(old.op, tuple(left), **dict(old.settings)))
    if len(shape) == 3:
        smallest = (*(min(sizes[source][axis] for source in left) for axis in (0, 1)), shape[2])
        window = max(pool_window(smallest, shape))
        if window > 1:
            at = _append(made, node("max_pool", (at,), size=window))
    return at


def _append(made: list[Node], new: Node) -> int:
    made.append(new)
    return len(made) - 1
