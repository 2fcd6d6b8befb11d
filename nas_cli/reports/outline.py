"""An architecture folded: the boxes that every path from input to output passes, and modules between them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nas_cli.reports.blocks import Block


@dataclass(frozen=True)
class Module:
    """A stretch with several paths; `blocks`: the box before it, its own, and the one that joins them."""

    blocks: tuple[Block, ...]

    @property
    def own(self) -> Sequence[Block]:
        """The boxes without the one before the module."""
        return self.blocks[1:]

    @property
    def branches(self) -> int:
        """How many of its boxes begin at the box before it; a connection past all of them counts too."""
        return sum(0 in block.inputs for block in self.own)

    @property
    def layers(self) -> int:
        """Layers in it."""
        return sum(len(block.layers) for block in self.own)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all its layers."""
        return sum(block.macs for block in self.own)

    @property
    def params(self) -> int:
        """Parameters of all its layers."""
        return sum(layer.params for block in self.own for layer in block.layers)


def outline(blocks: Sequence[Block]) -> list[Block | Module]:
    """The boxes in order, those between two that every path passes as one module, with the merge that ends it."""
    ends = [place for place in range(len(blocks)) if not _passed(blocks, place)]
    parts: list[Block | Module] = [blocks[0]]
    for before, after in zip(ends, ends[1:], strict=False):
        joined = blocks[after].kind == "merge"
        inside = range(before + 1, after + joined)
        if after - before > 1:
            parts.append(_module(blocks, before, inside))
        if after - before == 1 or not joined:
            parts.append(blocks[after])
    return parts


def _passed(blocks: Sequence[Block], place: int) -> bool:
    """True if a connection leads past the box."""
    return any(source < place for block in blocks[place + 1 :] for source in block.inputs)


def _module(blocks: Sequence[Block], before: int, inside: range) -> Module:
    home = {place: number for number, place in enumerate([before, *inside])}
    first = replace(blocks[before], inputs=())
    own = [replace(blocks[place], inputs=tuple(home[source] for source in blocks[place].inputs)) for place in inside]
    return Module((first, *own))
