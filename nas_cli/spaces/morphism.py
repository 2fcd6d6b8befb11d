"""Function-preserving changes of a network, as plain values (Net2Net, Chen et al. 2016; Elsken et al. 2017)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Morphism:
    """One change of an architecture, by the position of the node in the parent's `Architecture.nodes`.

    `kind`: 'widen', the convolution or dense layer `node` gets `width` output channels; 'deepen', a layer of the same
    width that computes the identity follows `node`; 'skip', the output of the earlier node `source` is joined to that
    of `node` so that the function stays the same.
    """

    kind: str
    node: int
    width: int | None = None
    source: int | None = None
