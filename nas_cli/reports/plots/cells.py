"""Drawings of derived cells: nodes from top to bottom, an arrow with its operation for each edge."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from nas_cli.reports.cells import ALONE, SKIPS, CellGraph, LabelledEdge
from nas_cli.reports.plots.architecture import MARGIN, arrow
from nas_cli.reports.plots.layout import Layout, lay_out
from nas_cli.reports.plots.style import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    PALE_BLUE,
    PALE_GREEN,
    PALE_GREY,
    PALE_ORANGE,
    QUIET,
    Plot,
)

LETTER, LINE, SIDE = 0.085, 0.22, 0.3
"""Inches: of a letter, of an operation's line, of a node's height."""

DRAWABLE = 60
"""Edges of a graph that can still be read."""


def cell_plots(graphs: Sequence[CellGraph], search: int) -> list[Plot]:
    """A drawing of each cell; of graphs with too many edges, and of those without any, none."""
    return [cell_plot(graph, search) for graph in graphs if 0 < len(graph.edges) <= DRAWABLE]


def cell_plot(graph: CellGraph, search: int) -> Plot:
    """The drawing of one cell; operations stand in the middle of their edges."""
    shown, sizes, layout = _laid_out(graph)
    kind = "" if graph.kind in ALONE else f", {graph.kind} cell"
    caption = f"{len(graph.chosen)} operations, {graph.skips} of them skip connections"
    idle = len([edge for edge in graph.edges if edge not in graph.live])
    caption += f"; {idle} edges in grey are on no way to the output." if idle else "."
    return Plot(
        f"structure_cell_{search}_{graph.kind}",
        f"Derived by search {search}{kind}",
        caption + (" The output is the nodes' concatenation." if graph.inputs > 1 else ""),
        lambda figure: _draw(figure, graph, shown, sizes, layout),
        width=max(layout.width + 2 * MARGIN, 3.0),
        height=layout.height + 2 * MARGIN,
    )


def _laid_out(graph: CellGraph) -> tuple[list[int], list[tuple[float, float]], Layout]:
    """The nodes that are drawn; the sizes of these and of the edges' labels, in this order; their places.

    A label is a box of the layout that its edge passes through, so that it covers no other one.
    """
    last = len(graph.nodes) - 1
    touched = {end for edge in graph.edges for end in (edge.source, edge.target)}
    shown = [node for node in range(last + 1) if node in touched or node < graph.inputs or node == last]
    inputs: list[list[int]] = []
    sizes: list[tuple[float, float]] = []
    place: dict[int, int] = {}
    # The layout wants sources first: a label comes right before the node that its edge leads to.
    for node in shown:
        reads = []
        for edge in (edge for edge in graph.edges if edge.target == node):
            if edge.operation:
                inputs.append([place[edge.source]])
                sizes.append((LETTER * len(edge.operation) + 0.1, LINE))
                reads.append(len(inputs) - 1)
            else:
                reads.append(place[edge.source])
        place[node] = len(inputs)
        inputs.append(reads)
        sizes.append((max(SIDE, LETTER * len(graph.nodes[node]) + 0.14), SIDE))
    return shown, sizes, lay_out(inputs, sizes)


def _draw(
    figure: Figure, graph: CellGraph, shown: Sequence[int], sizes: Sequence[tuple[float, float]], layout: Layout
) -> None:
    figure.set_layout_engine("none")
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    spare = max(0.0, 3.0 - layout.width - 2 * MARGIN) / 2
    axes.set(xlim=(-MARGIN - spare, layout.width + MARGIN + spare), ylim=(layout.height + MARGIN, -MARGIN))
    axes.axis("off")
    places = iter(range(len(sizes)))
    colours: dict[int, str] = {}
    for node in shown:
        into = [edge for edge in graph.edges if edge.target == node]
        for edge in (edge for edge in into if edge.operation):
            at = next(places)
            colours[at] = _edge_colour(graph, edge)
            _label(axes, edge.operation, layout.centres[at], colours[at])
        at = next(places)
        _node(axes, graph.nodes[node], layout.centres[at], sizes[at], _node_colours(graph, node))
    _arrows(axes, layout, colours)


def _arrows(axes: Axes, layout: Layout, colours: Mapping[int, str]) -> None:
    """Lines from nodes to labels, arrows from labels to nodes."""
    for (source, target), path in layout.edges.items():
        arrow(axes, path, head=target not in colours, colour=colours.get(target) or colours.get(source) or MUTED)


def _edge_colour(graph: CellGraph, edge: LabelledEdge) -> str:
    if edge not in graph.live:
        return QUIET
    return ORANGE if edge.operation in SKIPS else BLUE


def _node_colours(graph: CellGraph, node: int) -> tuple[str, str]:
    if node < graph.inputs:
        return PALE_GREEN, GREEN
    return (PALE_ORANGE, ORANGE) if node == len(graph.nodes) - 1 else (PALE_BLUE, BLUE)


def _label(axes: Axes, text: str, centre: tuple[float, float], colour: str) -> None:
    axes.text(
        *centre, text, ha="center", va="center", fontsize=8.2, color=QUIET if colour == QUIET else INK, zorder=3,
        bbox={"boxstyle": "round,pad=0.25", "facecolor": PALE_GREY, "edgecolor": colour, "linewidth": 0.9},
    )  # fmt: skip


def _node(
    axes: Axes, text: str, centre: tuple[float, float], size: tuple[float, float], colours: tuple[str, str]
) -> None:
    corner = (centre[0] - size[0] / 2, centre[1] - size[1] / 2)
    axes.add_patch(
        FancyBboxPatch(
            corner, *size, boxstyle="round,pad=0,rounding_size=0.1", facecolor=colours[0], edgecolor=colours[1],
            linewidth=1.3, zorder=2,
        )
    )  # fmt: skip
    shown = f"${text}$" if text.startswith("c_") else text
    axes.text(*centre, shown, ha="center", va="center", fontsize=9, fontweight="bold", color=INK, zorder=3)
