"""The colours of every figure, and how a figure becomes PNG and SVG."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import matplotlib.style
from matplotlib import rc_context, ticker
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nas_cli.runs.files import write_atomic

STYLE_FILE = Path(__file__).parents[1] / "nas.mplstyle"

INK, MUTED, RULE, PAPER, QUIET = "#1d2430", "#5c6675", "#e1e5ea", "#ffffff", "#a3abb7"
BLUE, ORANGE, VERMILION, GREEN, SKY, PURPLE = "#0072b2", "#e69f00", "#d55e00", "#009e73", "#56b4e9", "#cc79a7"
PALE_BLUE, PALE_ORANGE, PALE_GREEN, PALE_GREY = "#e3f0f8", "#fdf1d7", "#dff3ec", "#f1f3f6"

THEME: Mapping[str, tuple[str, str]] = {
    INK: ("ink", "#e6eaf1"),
    MUTED: ("muted", "#9ca7b6"),
    RULE: ("rule", "#2b333f"),
    PAPER: ("paper", "#171c24"),
    QUIET: ("quiet", "#67727f"),
    BLUE: ("blue", "#5db0e6"),
    ORANGE: ("orange", "#f2b84b"),
    VERMILION: ("vermilion", "#ff8d52"),
    GREEN: ("green", "#41c9a0"),
    SKY: ("sky", "#a5dbfa"),
    PURPLE: ("purple", "#e3a3c8"),
    PALE_BLUE: ("pale-blue", "#1b3346"),
    PALE_ORANGE: ("pale-orange", "#41341a"),
    PALE_GREEN: ("pale-green", "#17392f"),
    PALE_GREY: ("pale-grey", "#232a35"),
}
"""Colour on white → (name on a page, colour there on a dark ground)."""

SERIES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
DASHES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def looks(order: int) -> dict[str, Any]:
    """Colour, line and mark of a series; any two of the first twelve differ in greyscale too."""
    return {
        "color": SERIES[order % len(SERIES)],
        "linestyle": DASHES[order % len(DASHES)],
        "marker": MARKERS[order % len(MARKERS)],
    }


WIDTH, HEIGHT = 4.8, 3.2
"""Inches of one figure; two stand beside each other on a wide page."""


@dataclass(frozen=True)
class Plot:
    """A figure that can be drawn: `tips` maps the links of its marks (`#trial-7`) to the text shown on hover."""

    name: str
    title: str
    caption: str
    draw: Callable[[Figure], None]
    width: float = WIDTH
    height: float = HEIGHT
    tips: Mapping[str, str] = field(default_factory=dict)


def png(plot: Plot) -> bytes:
    """The figure as a PNG file's bytes, on white."""
    return _render(plot, "png", transparent=False)


def raw_svg(plot: Plot) -> str:
    """The figure as an SVG document without a ground; the same figure gives the same text."""
    return _render(plot, "svg", transparent=True).decode("utf-8")


def save(plot: Plot, folder: Path) -> list[Path]:
    """The files written, <name>.png and <name>.svg, on white; the same figure gives the same bytes.

    Raises:
        RunError: if the folder cannot be written.
    """
    contents = {folder / f"{plot.name}.{kind}": _render(plot, kind, transparent=False) for kind in ("png", "svg")}
    for file, content in contents.items():
        write_atomic(file, content)
    return list(contents)


def _render(plot: Plot, kind: str, transparent: bool) -> bytes:
    buffer = io.BytesIO()
    with rc_context(), matplotlib.style.context(STYLE_FILE):
        matplotlib.rcParams["svg.hashsalt"] = plot.name
        figure = Figure(figsize=(plot.width, plot.height), layout="constrained")
        plot.draw(figure)
        metadata = {"Date": None} if kind == "svg" else {"Software": None}
        figure.savefig(buffer, format=kind, transparent=transparent, metadata=metadata)
    return buffer.getvalue()


def whole_steps(axes: Axes, horizontal: bool = True) -> None:
    """Put ticks on whole numbers only."""
    axis = axes.xaxis if horizontal else axes.yaxis
    axis.set_major_locator(ticker.MaxNLocator(integer=True, nbins=8, min_n_ticks=1, steps=[1, 2, 5, 10]))


def only_horizontal_grid(axes: Axes) -> None:
    """Lines to read values from; none for counted things."""
    axes.grid(False, axis="x")


def legend_above(figure: Figure, columns: int = 4) -> None:
    """A legend above the axes, where it covers no data."""
    handles, labels = [], []
    for axes in figure.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            if label not in labels:
                handles.append(handle)
                labels.append(label)
    if labels:
        figure.legend(handles, labels, loc="outside upper left", ncols=columns)


LEGEND_LETTERS = 62
"""Letters of a legend's row that a figure of the usual width holds, the lines before them included."""


def legend_columns(labels: Sequence[str]) -> int:
    """How many columns of a legend fit above a figure of the usual width: 1 to 4."""
    longest = max((len(label) for label in labels), default=1) + 6
    return max(1, min(4, len(labels), LEGEND_LETTERS // longest))


def legend_height(labels: Sequence[str]) -> float:
    """Inches by which a figure must grow for the rows of its legend after the second."""
    rows = -(-len(labels) // legend_columns(labels))
    return 0.19 * max(0, rows - 2)


def fitting_legend(figure: Figure) -> None:
    """A legend above the axes in as many columns as its labels leave room for."""
    labels = {label for axes in figure.axes for label in axes.get_legend_handles_labels()[1]}
    legend_above(figure, legend_columns(sorted(labels)))


def shortened(text: str, most: int = 34) -> str:
    """The text, or its beginning and an ellipsis."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
