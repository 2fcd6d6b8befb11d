"""The expected FLOPs of a relaxed structure, as a term of what the structure minimises."""

from collections.abc import Sequence
from typing import Any, final

import tensorflow as tf

from nas_cli.oneshot.flop_table import flop_table

Tensor = Any


@final
class ExpectedCost:
    """Σ_kinds Σ_edges Σ_k gamma_k·FLOPs_k plus what every network has, relative to the most expensive network.

    A penalty of `nas_cli.oneshot.bilevel.Bilevel`, from fixed/largest to 1, linear in gamma, so that its gradient for
    a gamma is that operation's share of the FLOPs. With gamma one-hot it is the cost of the genotype's network; see
    `nas_cli.oneshot.flop_table.FlopTable` for when it is not. Edges count by gamma alone, also those whose vertex
    hardly matters.
    """

    def __init__(self, space: Any) -> None:
        """`space`: one with a supernet.

        Raises:
            ConfigError: it has none.
        """
        self.table = flop_table(space)
        # Relative numbers: the FLOPs of two operations may differ in the eighth digit of a float32.
        self._shares = [tf.constant(flops / self.table.largest, tf.float32) for flops in self.table.operations]
        self._fixed = self.table.fixed / self.table.largest

    def __call__(self, alpha: Sequence[Tensor], gamma: Sequence[Tensor]) -> Tensor:
        """A float32 scalar; `alpha` is not used."""
        pairs = zip(self._shares, gamma, strict=True)
        return self._fixed + tf.add_n([tf.reduce_sum(share * weights) for share, weights in pairs])

    def flops(self, gamma: Sequence[Tensor]) -> Tensor:
        """The expected FLOPs themselves, a float32 scalar."""
        return self.table.largest * self(gamma, gamma)
