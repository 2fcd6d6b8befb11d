"""A folded architecture on a page: boxes from input to output; a module unfolds into its drawing."""

from collections.abc import Sequence

from nas_cli.reports.blocks import Block, shape_text
from nas_cli.reports.numbers import count
from nas_cli.reports.outline import Module
from nas_cli.reports.page.elements import drawing, escape, folded
from nas_cli.reports.plots.architecture import boxes_plot

MOST = 40
"""Boxes of the largest module that has a drawing of its own."""
COLOURS = {"conv2d": "conv", "dense": "dense", "merge": "merge"}


def outline_list(parts: Sequence[Block | Module]) -> str:
    """The parts in order; of modules that are alike the first one has the drawing."""
    drawn: dict[tuple[object, ...], int] = {}
    items, number = [], 0
    for part in parts:
        if isinstance(part, Module):
            number += 1
            first = drawn.setdefault(_looks(part), number)
            items.append(_module(part, number, first))
        else:
            items.append(_box(part))
    return f'<ol class="outline">{"".join(items)}</ol>'


def _box(block: Block) -> str:
    below = ", ".join(text for text in (block.followers, _size(block.shape, block.macs)) if text)
    kind = COLOURS.get(block.kind, "")
    return f'<li class="{kind}"><b>{escape(block.title)}</b> <span>{escape(below)}</span></li>'


def _module(module: Module, number: int, first: int) -> str:
    title = f"Module {number}: {module.layers} layers in {module.branches} branches"
    told = f"{title}, {_size(module.own[-1].shape, module.macs)}, {count(module.params)} parameters"
    if first != number:
        return f'<li class="module">{escape(told)}, like module {first}</li>'
    if len(module.blocks) > MOST:
        return f'<li class="module">{escape(told)}: see the whole drawing</li>'
    plot = boxes_plot(f"module-{number}", f"Module {number}", module.blocks)
    return f'<li class="module">{folded(told, drawing(plot))}</li>'


def _size(shape: tuple[int, ...] | None, macs: int) -> str:
    return " · ".join(text for text in (shape_text(shape), f"{count(macs)} MACs" if macs else "") if text)


def _looks(module: Module) -> tuple[object, ...]:
    """What two modules share whose drawings are alike but for the numbers of their layers."""
    return tuple((block.title, block.followers, block.shape, block.inputs) for block in module.own)
