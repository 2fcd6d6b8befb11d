"""A figure as SVG inside a page: follows light and dark, shares no names with its neighbours, shows tips."""

import html
import re

from nas_cli.reports.plots.style import THEME, Plot, raw_svg

_IDS = re.compile(r'(\bid="|url\(#|xlink:href="#)([^")]+)')
_LINK = re.compile(r'<a xlink:href="(#[^"]+)"[^>]*>')


def inline_svg(plot: Plot) -> str:
    """An `<svg>` element for a page whose style sheet defines the colours of `theme_css`."""
    text = raw_svg(plot)
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    text = re.sub(r"<style[^>]*>.*?</style>", "", text, flags=re.S)
    text = re.sub(r"font-family: [^;\"]*(; )?", "", text)
    text = re.sub(r"font: ((?:\w+ )*[\d.]+px) '[^;\"]*", r"font-size: \1", text)
    text = _LINK.sub(lambda match: _linked(plot, html.unescape(match[1])), text)
    # Names of plots may hold those of models and clusters, which are the user's.
    prefix = re.sub(r"[^\w-]", "_", plot.name)
    text = _IDS.sub(lambda match: f"{match[1]}{prefix}-{match[2]}", text)
    for colour, (name, _) in THEME.items():
        text = text.replace(colour, f"var(--{name})")
    return _labelled(plot, text)


def theme_css() -> str:
    """The colours as CSS variables: `:root{…}` for light pages, and the dark ones under a media query."""
    light = ";".join(f"--{name}:{colour}" for colour, (name, _) in THEME.items())
    dark = ";".join(f"--{name}:{colour}" for name, colour in THEME.values())
    return f":root{{{light}}}\n@media (prefers-color-scheme: dark){{:root{{{dark}}}}}\n"


def _linked(plot: Plot, target: str) -> str:
    tip = plot.tips.get(target, "")
    # A plain href: the rewriting of the figure's own names below must not touch it.
    return f'<a href="{html.escape(target)}" tabindex="-1" data-tip="{html.escape(tip)}">'


def _labelled(plot: Plot, text: str) -> str:
    """The element with a name for screen readers, and a size that its container decides."""
    head, rest = text.split(">", 1)
    head = re.sub(r'\s(width|height)="[^"]*"', "", head)
    return f'{head} role="img" aria-label="{html.escape(plot.title)}">{rest}'
