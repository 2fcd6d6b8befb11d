"""Historical marks: the same structural change gets the same number."""

from collections.abc import Container, Iterable, Sequence
from typing import Protocol

from nas_cli.spaces.graph import INPUT, OUTPUT, Link

FIRST_LINK = Link(2, INPUT, OUTPUT)
"""The link from which every graph with one input and one output grows."""


class Marked(Protocol):
    """A gene."""

    @property
    def mark(self) -> int: ...


class Wire(Marked, Protocol):
    """A gene that joins two nodes."""

    @property
    def source(self) -> int: ...

    @property
    def target(self) -> int: ...


class Wired(Protocol):
    """A genome of nodes and links."""

    @property
    def nodes(self) -> Sequence[Marked]: ...

    @property
    def links(self) -> Sequence[Wire]: ...


class Innovations:
    """The register of historical marks of one population; one counter numbers nodes and links.

    A new node is named by the link that it splits: within one generation every split of a link gives the same mark
    (Stanley & Miikkulainen 2002, section 3.2); `next_generation` forgets the splits. A link is named by the marks of
    its two ends, which are unique in history, so its mark holds for the whole run: no link ever has two marks.
    """

    def __init__(self, first: Sequence[Wire] = (FIRST_LINK,)) -> None:
        """`first`: the links, at least one, from which every genome of the population grows."""
        self._next = 1 + max(link.mark for link in first)
        self._links = {(link.source, link.target): link.mark for link in first}
        self._splits: dict[int, list[int]] = {}

    @classmethod
    def after(cls, graphs: Iterable[Wired], first: Sequence[Wire] = (FIRST_LINK,)) -> "Innovations":
        """A register that knows the links of these genomes and numbers new genes after all of theirs."""
        register = cls(first)
        for graph in graphs:
            for link in graph.links:
                register._links.setdefault((link.source, link.target), link.mark)
            marks = [gene.mark for gene in graph.nodes] + [link.mark for link in graph.links]
            register._next = max([register._next, *(mark + 1 for mark in marks)])
        return register

    def link(self, source: int, target: int) -> Link:
        """The link between two nodes, with its mark."""
        key = (source, target)
        if key not in self._links:
            self._links[key] = self._take()
        return Link(self._links[key], source, target)

    def node(self, split: Marked, taken: Container[int]) -> int:
        """The mark of the node that splits a link; not one of the marks `taken` in the graph it goes into."""
        known = self._splits.setdefault(split.mark, [])
        for mark in known:
            if mark not in taken:
                return mark
        known.append(self._take())
        return known[-1]

    def next_generation(self) -> None:
        """Forget which nodes split which links: the same change in a later generation is a new one."""
        self._splits.clear()

    def _take(self) -> int:
        self._next += 1
        return self._next - 1
