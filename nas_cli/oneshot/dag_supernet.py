"""All graphs of the space `dag` in one: each edge is the mixture of all its functions."""

from collections.abc import Sequence
from typing import Any, final

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from nas_cli.oneshot.dag_derive import derive, one_hot
from nas_cli.oneshot.dag_operations import (
    LayerMaker,
    Norm,
    Operation,
    PlainLayers,
    Tensor,
    VariationalLayers,
    halved,
    operation,
)
from nas_cli.oneshot.parameters import Norms, Parameters
from nas_cli.relevance.settings import RelevanceSettings
from nas_cli.spaces.dag import DagSpace
from nas_cli.spaces.dag_network import NONE, edge_name
from nas_cli.spaces.decision_space import Values

ALPHA_DEVIATION = 1e-3
"""Of the logits at the start, as DARTS draws them."""


@final
class DagSupernet:
    """v_j = Σ_i Σ_k gamma[(i, j), k] · f_k(v_i), the paper's relaxation, with a stem before and outputs behind it.

    A `nas_cli.oneshot.supernet.Supernet` with the one kind 'graph'. Every operation of every edge has its own weights;
    with `relevance` 'ard' those of dense layers and convolutions, stem and outputs included, are Gaussian. With a gamma
    that is one-hot it computes what `DagSpace.architecture` describes. `incoming` edges of a vertex are derived, None
    is any number; see `nas_cli.oneshot.dag_derive.derive`. Inputs are raw: x · `scale` + `offset`, per channel or
    feature, enters the graph.
    """

    kinds = ("graph",)

    def __init__(
        self,
        space: DagSpace,
        seed: int,
        relevance: RelevanceSettings | None = None,
        incoming: int | None = None,
        scale: Sequence[float] | None = None,
        offset: Sequence[float] | None = None,
    ) -> None:
        self.space, self.edges, self.operations = space, space.edges, space.operations
        self._incoming = incoming
        self._scale = tf.constant(1.0 if scale is None else scale, tf.float32)
        self._offset = tf.constant(0.0 if offset is None else offset, tf.float32)
        self._images = len(space.input_shape) == 3
        self._made = Parameters(seed)
        variational = relevance is not None and relevance.name == "ard"
        maker = VariationalLayers(seed, relevance) if variational and relevance else PlainLayers(seed)
        self.parts = self._parts(maker)
        self.alpha = [self._made.logits(len(self.edges), len(self.operations), ALPHA_DEVIATION, "alpha_graph")]
        self.by_batch(tf.zeros((1, *space.input_shape)), [tf.zeros(self.alpha[0].shape)])

    def __call__(self, x: Tensor, gamma: Sequence[Tensor], training: bool) -> Tensor:
        if not self._images:
            return self.by_batch(x, gamma, training)
        norms = self._made.norms(training)
        logits = self._logits(x, gamma[0], norms, training)
        norms.finish()
        return logits

    def by_batch(self, x: Tensor, gamma: Sequence[Tensor], training: bool = False) -> Tensor:
        """Logits with the statistics of this batch, which changes nothing; Gaussian weights are drawn in training."""
        return self._logits(x, gamma[0], self._made.norms(training=False, by_batch=True), training)

    def derive(self, gamma: Sequence[NDArray[Any]]) -> Values:
        """The genotype that the mixing weights point at."""
        return derive(self.space, np.asarray(gamma[0]), self._incoming)

    def one_hot(self, genotype: Values) -> list[NDArray[Any]]:
        """The mixing weights with which the supernet computes what the genotype's network computes."""
        return [one_hot(self.space, genotype)]

    @property
    def layers(self) -> list[Any]:
        """All layers with kernels, in the order in which they were made."""
        return [layer for part in self.parts.values() for layer in part.layers]

    @property
    def trainable_weights(self) -> list[Any]:
        """Variables that the training loss changes; alpha is not among them."""
        return [weight.value for layer in self.layers for weight in layer.trainable_variables]

    @property
    def non_trainable_variables(self) -> list[Any]:
        """Moving statistics, precisions of priors, and generators of random numbers."""
        moving = [self._made.moving] if self._images else []
        return [*moving, *(one.value for layer in self.layers for one in layer.non_trainable_variables)]

    @property
    def weights(self) -> list[Any]:
        """All variables but alpha."""
        return [*self.trainable_weights, *self.non_trainable_variables]

    def inherit(self, model: Any, genotype: Values) -> None:
        """Gives the model built of a genotype's architecture the supernet's weights, means of Gaussian ones."""
        chosen = {edge_name(edge): f"{edge_name(edge)}/{name}" for edge, name in self.space.chosen(genotype).items()}
        network = self.space.network(genotype)
        for owner, positions in network.layers.items():
            values = self.parts[chosen.get(owner, owner)].discrete()
            for position, weights in zip(positions, values, strict=True):
                model.get_layer(f"{network.architecture.nodes[position].op}_{position}").set_weights(weights)

    def _parts(self, maker: LayerMaker) -> dict[str, Operation]:
        width, made = self.space.graph.width, self._made
        first, pooled = [maker.dense(width)], []
        if self._images:
            first = [maker.convolution(width, 3), *([Norm(made, width)] if self.space.graph.stem else [])]
            pooled = [Norm(made, width), tf.nn.relu, lambda x: tf.reduce_mean(x, (1, 2))]
        functions = {
            f"{edge_name(edge)}/{name}": operation(name, width, made, maker)
            for edge in self.edges
            for name in self.operations
            if name != NONE
        }
        stem = Operation(*first if self.space.graph.stem else ())
        return {"stem": stem, **functions, "head": Operation(*pooled, maker.dense(self.space.classes))}

    def _logits(self, x: Tensor, gamma: Tensor, norms: Norms, training: bool) -> Tensor:
        vertices = [self.parts["stem"](x * self._scale + self._offset, norms, training)]
        for target in range(1, self.space.graph.vertices):
            rows = [(row, edge) for row, edge in enumerate(self.edges) if edge[1] == target]
            terms = [term for row, edge in rows for term in self._terms(vertices, edge, gamma[row], norms, training)]
            vertices.append(tf.add_n(terms))
        return self.parts["head"](vertices[-1], norms, training)

    def _terms(
        self, vertices: Sequence[Tensor], edge: tuple[int, int], gamma: Tensor, norms: Norms, training: bool
    ) -> list[Tensor]:
        """gamma_k · f_k(source) of one edge."""
        x, graph = vertices[edge[0]], self.space.graph
        for _ in range(graph.level(edge[0]), graph.level(edge[1]) if self._images else 0):
            x = halved(x)
        return [
            gamma[column] * self.parts[f"{edge_name(edge)}/{name}"](x, norms, training)
            for column, name in enumerate(self.operations)
            if name != NONE
        ]
