"""What the supernets of stacked cells share: a stem, mixed cells whose paths may be dropped, a classifier."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from nas_cli.oneshot.ends import Classifier, Stem
from nas_cli.oneshot.mixed import drop_paths
from nas_cli.oneshot.parameters import Norms, Parameters
from nas_cli.oneshot.supernet import all_edges, groups

ALPHA_DEVIATION = 1e-3


class StackedSupernet(ABC):
    """Calls the network with the statistics that are wanted, and keeps what a checkpoint of it needs.

    `inputs`: vertices of a cell that are given to it. `last`: the last vertex of a cell that has edges into it.
    """

    kinds: tuple[str, ...]

    def __init__(self, operations: Sequence[str], inputs: int, last: int, seed: int, path_dropout: float) -> None:
        self.edges = all_edges(inputs, last)
        self.groups = groups(self.edges)
        self.operations = tuple(operations)
        self._made, self._path_dropout = Parameters(seed), path_dropout
        self._generator = tf.random.Generator.from_seed(seed)
        self._stem: Stem
        self._classifier: Classifier

    def __call__(self, x: Any, gamma: Sequence[Any], training: bool) -> Any:
        dropped = training and self._path_dropout > 0
        return self._logits(x, gamma, self._made.norms(training), dropped)

    def by_batch(self, x: Any, gamma: Sequence[Any]) -> Any:
        return self._logits(x, gamma, self._made.norms(False, by_batch=True), False)

    def _finish(self) -> None:
        """Makes the logits, once all weights are made."""
        shape = (len(self.edges), len(self.operations))
        self.alpha = [self._made.logits(*shape, ALPHA_DEVIATION, f"alpha_{kind}") for kind in self.kinds]
        self.trainable_weights = list(self._made.trainable)
        self.weights = [*self._made.trainable, self._made.moving, self._generator.state]

    def _mixing(self, gamma: Any, dropped: bool) -> Any:
        return drop_paths(gamma, self._path_dropout, self._generator) if dropped else gamma

    @abstractmethod
    def _logits(self, x: Any, gamma: Sequence[Any], norms: Norms, dropped: bool) -> Any: ...
