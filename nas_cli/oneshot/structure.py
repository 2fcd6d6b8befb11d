"""From logits to the weights of operations: points of simplices."""

from collections.abc import Sequence
from typing import Any, Protocol, final

import tensorflow as tf

from nas_cli.errors import ConfigError
from nas_cli.oneshot.structure_settings import StructureSettings

Tensor = Any


class Relaxation(Protocol):
    """What turns logits into weights of operations."""

    def gamma(self, alpha: Sequence[Tensor], step_fraction: Any, seed: Tensor | None, training: bool) -> list[Tensor]:
        """The weights γ, shaped as the logits."""


@final
class Structure:
    """The relaxed structure Γ of a graph: in every row of γ, or over all edges into a vertex, weights sum to one.

    Equation (2) of "Automatic determination of the relevance of neural network parameters" (Taranov, Bakhteev,
    Strijov) sums over all edges and operations into a vertex; its section on the relaxation takes the softmax over the
    operations of one edge, as DARTS does (Liu et al. 2019, arXiv:1806.09055, equation 2). `simplex` chooses.
    """

    def __init__(self, settings: StructureSettings, groups: Sequence[Sequence[int]] | None = None) -> None:
        """`groups`: for each vertex the numbers of the edges that enter it, the same for every matrix of logits.

        Raises:
            ConfigError: simplex=vertex without groups, or groups that do not hold every edge once.
        """
        self.settings = settings
        self._vertices: list[int] | None = None
        if settings.simplex == "vertex":
            self._vertices = _vertex_of_edge(groups)

    def temperature(self, step_fraction: Any) -> Tensor:
        """τ when this share, in [0, 1], of the search is done: start·(end/start)^share; 1 for softmax."""
        if self.settings.relaxation == "softmax":
            return tf.constant(1.0)
        start, end = self.settings.temperature_start, self.settings.temperature_end
        return start * tf.pow(tf.constant(end / start, tf.float32), tf.cast(step_fraction, tf.float32))

    def gamma(self, alpha: Sequence[Tensor], step_fraction: Any, seed: Tensor | None, training: bool) -> list[Tensor]:
        """γ of each matrix of logits (edges, operations).

        Gumbel-Softmax: γ = softmax((α + g)/τ), g = −log(−log u) (Jang et al. 2017, arXiv:1611.01144, equation 2).
        `seed`, int32 (2,), decides g; there is no noise without a seed, nor outside of training.
        """
        temperature = self.temperature(step_fraction)
        weights = []
        for number, logits in enumerate(alpha):
            scores = tf.convert_to_tensor(logits)
            if self.settings.relaxation == "gumbel_softmax" and training and seed is not None:
                scores += gumbel(tf.shape(scores), tf.random.experimental.stateless_fold_in(seed, number), scores.dtype)
            weights.append(self._softmax(scores / tf.cast(temperature, scores.dtype)))
        return weights

    def _softmax(self, scores: Tensor) -> Tensor:
        if self._vertices is None:
            return tf.nn.softmax(scores, axis=-1)
        # Without the largest score first: the difference of two large numbers is no small number in float32.
        scores -= tf.gather(self._highest(tf.reduce_max(scores, axis=1)), self._vertices)[:, None]
        return tf.exp(scores - tf.gather(self.simplex_logsumexp(scores), self._vertices)[:, None])

    def simplex_sums(self, values: Tensor) -> Tensor:
        """Sums of (edges, operations) over each simplex: (edges,) or (vertices,)."""
        rows = tf.reduce_sum(values, axis=1)
        if self._vertices is None:
            return rows
        return tf.math.unsorted_segment_sum(rows, self._vertices, max(self._vertices) + 1)

    def simplex_logsumexp(self, values: Tensor) -> Tensor:
        """log Σ exp of (edges, operations) over each simplex."""
        rows = tf.reduce_logsumexp(values, axis=1)
        if self._vertices is None:
            return rows
        highest = self._highest(rows)
        sums = tf.math.unsorted_segment_sum(
            tf.exp(rows - tf.gather(highest, self._vertices)), self._vertices, max(self._vertices) + 1
        )
        return highest + tf.math.log(sums)

    def _highest(self, rows: Tensor) -> Tensor:
        """The largest of (edges,) for each vertex, as a constant: taken from all, it changes no softmax."""
        return tf.stop_gradient(tf.math.unsorted_segment_max(rows, self._vertices, 1 + max(self._vertices or [0])))


def gumbel(shape: Any, seed: Tensor, dtype: Any) -> Tensor:
    """Standard Gumbel noise −log(−log u), a function of `seed`, int32 (2,)."""
    # Both ends of the unit interval would give infinity.
    uniform = tf.random.stateless_uniform(shape, seed, minval=1e-12, dtype=tf.float64)
    return tf.cast(-tf.math.log(-tf.math.log(uniform)), dtype)


def _vertex_of_edge(groups: Sequence[Sequence[int]] | None) -> list[int]:
    """For edge 0, 1, …: the position of the group that holds it."""
    if not groups:
        raise ConfigError("structure.simplex=vertex needs to know which edges enter each vertex: use simplex=edge.")
    vertices = {edge: vertex for vertex, group in enumerate(groups) for edge in group}
    if not all(groups) or sorted(vertices) != list(range(sum(len(group) for group in groups))):
        raise ConfigError(
            f"every edge 0, 1, … must enter one vertex, and every vertex must have an edge, got {list(groups)}."
        )
    return [vertices[edge] for edge in sorted(vertices)]
