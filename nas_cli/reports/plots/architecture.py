"""A drawing of an architecture: boxes from top to bottom, an arrow per tensor."""

import textwrap
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path as Curve

from nas_cli.reports.blocks import Block, blocks_of, shape_text
from nas_cli.reports.numbers import count
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
    Plot,
)
from nas_cli.spaces.architecture import Architecture

BOX_WIDTH, LINE_HEIGHT, PADDING, MARGIN = 1.85, 0.165, 0.14, 0.12
"""Inches; a line holds about `LINE_LENGTH` characters of the smaller size."""
LINE_LENGTH = 28

_COLOURS = {"conv2d": (PALE_BLUE, BLUE), "dense": (PALE_ORANGE, ORANGE), "merge": (PALE_GREEN, GREEN)}


def architecture_plot(architecture: Architecture, title: str) -> Plot:
    """The drawing of a whole network."""
    return boxes_plot("architecture", title, blocks_of(architecture))


def boxes_plot(name: str, title: str, blocks: Sequence[Block]) -> Plot:
    """The drawing; as wide and high as its boxes need, so that its text has the size of the other figures' text."""
    lines = [_lines(block) for block in blocks]
    sizes = [(BOX_WIDTH, LINE_HEIGHT * len(text) + PADDING) for text in lines]
    layout = lay_out([block.inputs for block in blocks], sizes)
    return Plot(
        name,
        title,
        "Each box is a layer with what follows it, the shape of its output (height × width × channels), "
        "and its multiply-accumulates for one image.",
        lambda figure: _draw(figure, blocks, lines, sizes, layout),
        width=layout.width + 2 * MARGIN,
        height=layout.height + 2 * MARGIN,
        tips={f"#layer-{block.layers[0].position}": _tip(block) for block in blocks},
    )


def _lines(block: Block) -> list[str]:
    """The text of a box: title, followers, shape and cost."""
    below = [shape_text(block.shape)] if block.shape else []
    below += [f"{count(block.macs)} MACs"] if block.macs else []
    followers = textwrap.wrap(block.followers, LINE_LENGTH) if block.followers else []
    return [line for line in [block.title, *followers, " · ".join(below)] if line]


def _tip(block: Block) -> str:
    rows = [layer.text for layer in block.layers]
    params = sum(layer.params for layer in block.layers)
    cost = f"{count(block.macs)} MACs, {count(params)} parameters"
    return "\n".join([*rows, f"output {shape_text(block.shape)}", cost])


def _draw(
    figure: Figure,
    blocks: Sequence[Block],
    lines: Sequence[Sequence[str]],
    sizes: Sequence[tuple[float, float]],
    layout: Layout,
) -> None:
    figure.set_layout_engine("none")
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(-MARGIN, layout.width + MARGIN), ylim=(layout.height + MARGIN, -MARGIN))
    axes.axis("off")
    for path in layout.edges.values():
        arrow(axes, path)
    for block, text, size, centre in zip(blocks, lines, sizes, layout.centres, strict=True):
        _box(axes, block, size, centre)
        _text(axes, text, centre)


def arrow(axes: Axes, points: Sequence[tuple[float, float]], head: bool = True, colour: str = MUTED) -> None:
    """An arrow, or without `head` a line, that is vertical in each layer it passes and bends between layers."""
    vertices, codes = [points[0]], [Curve.MOVETO]
    for number, ((x0, y0), (x1, y1)) in enumerate(zip(points, points[1:], strict=False)):
        if (x0, y0) == (x1, y1):
            continue
        if number % 2 == 0:
            vertices.append((x1, y1))
            codes.append(Curve.LINETO)
        else:
            # The straight end gives the arrow's head a direction.
            end = y1 - 0.1
            middle = (y0 + end) / 2
            vertices += [(x0, middle), (x1, middle), (x1, end), (x1, y1)]
            codes += [Curve.CURVE4] * 3 + [Curve.LINETO]
    axes.add_patch(
        FancyArrowPatch(
            path=Curve(vertices, codes),
            arrowstyle="-|>,head_length=4,head_width=2.2" if head else "-",
            color=colour,
            linewidth=1.1,
            shrinkA=0,
            shrinkB=0,
            zorder=1,
        )
    )


def _box(axes: Axes, block: Block, size: tuple[float, float], centre: tuple[float, float]) -> None:
    fill, edge = _COLOURS.get(block.kind, (PALE_GREY, MUTED))
    axes.add_patch(
        FancyBboxPatch(
            (centre[0] - size[0] / 2, centre[1] - size[1] / 2),
            *size,
            boxstyle="round,pad=0,rounding_size=0.07",
            facecolor=fill,
            edgecolor=edge,
            linewidth=1.1,
            url=f"#layer-{block.layers[0].position}",
            zorder=2,
        )
    )


def _text(axes: Axes, lines: Sequence[str], centre: tuple[float, float]) -> None:
    top = centre[1] - LINE_HEIGHT * (len(lines) - 1) / 2
    for number, line in enumerate(lines):
        axes.text(
            centre[0],
            top + number * LINE_HEIGHT,
            line,
            ha="center",
            va="center",
            fontsize=8.6 if number == 0 else 7.8,
            fontweight="bold" if number == 0 else "normal",
            color=INK if number == 0 else MUTED,
            zorder=3,
        )
