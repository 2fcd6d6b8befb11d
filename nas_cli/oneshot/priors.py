"""Densities of structures on the simplex: how much a structure is believed beforehand."""

import math
from collections.abc import Sequence
from typing import Any, final

import tensorflow as tf

from nas_cli.oneshot.structure import Structure, gumbel
from nas_cli.oneshot.structure_settings import PriorSettings

Tensor = Any


@final
class Prior:
    """The term −λ·log P(Γ) of the outer objective.

    The paper on relevance (Taranov, Bakhteev, Strijov) prints L = log p(Y_train|…) + e^{A‖W‖²} and
    Q = log p(Y_valid|…) + λ·P(Γ), both to be minimised, where P(Γ) is the product of the probabilities of the γ under
    a Dirichlet or a Gumbel-Softmax distribution. These signs cannot all be meant: minimising a likelihood unlearns,
    and minimising a probability flees the prior. Our reading: Q = −log p(Y_valid|…) − λ·log P(Γ), and
    L = −log p(Y_train|…) + ‖A^½W‖². P(Γ) is the product over all simplices (edges or vertices) of the *density* at γ.

    The density is stated on γ, where the paper puts it, and not carried over to the logits: there the Jacobian ∏γ
    turns the Dirichlet exponents c − 1 into c, which for every c > 0 pulls towards the middle of the simplex, the
    opposite of what a concentration below one is chosen for.

    With a validation loss that is a mean over N examples, λ here is λ/N of the sum that the paper writes.
    """

    def __init__(self, settings: PriorSettings, structure: Structure) -> None:
        self.settings = settings
        self._structure = structure

    def penalty(self, alpha: Sequence[Tensor], gamma: Sequence[Tensor]) -> Tensor:
        """−λ·log P(Γ), a scalar; `alpha` has no part in it, as the density is one of γ."""
        if self.settings.name == "none" or self.settings.weight == 0.0:
            return tf.zeros((), gamma[0].dtype)
        return -self.settings.weight * tf.add_n(
            [tf.reduce_sum(log_density(weights, self.settings, self._structure)) for weights in gamma]
        )


def log_density(gamma: Tensor, settings: PriorSettings, structure: Structure) -> Tensor:
    """log p(γ) of each simplex of a matrix (edges, operations): (edges,) or (vertices,); zeros for prior 'none'.

    Densities are with respect to the n − 1 free weights of a simplex of n. Each log γ is at least log floor, without
    gradient below: the densities have no bound at a vertex.
    """
    logs = tf.math.log(tf.maximum(gamma, tf.cast(settings.floor, gamma.dtype)))
    sizes = structure.simplex_sums(tf.ones_like(gamma))
    if settings.name == "dirichlet":
        return _dirichlet(logs, sizes, settings.concentration, structure)
    if settings.name == "gumbel_softmax":
        return _gumbel_softmax(logs, sizes, settings.temperature, structure)
    return tf.zeros_like(sizes)


def _dirichlet(logs: Tensor, sizes: Tensor, concentration: float, structure: Structure) -> Tensor:
    """log Γ(n·c) − n·log Γ(c) + (c − 1)·Σ log γ."""
    constant = tf.math.lgamma(sizes * concentration) - sizes * math.lgamma(concentration)
    return constant + (concentration - 1.0) * structure.simplex_sums(logs)


def _gumbel_softmax(logs: Tensor, sizes: Tensor, temperature: float, structure: Structure) -> Tensor:
    """log Γ(n) + (n−1)·log τ − n·log Σ γ^{−τ} − (τ+1)·Σ log γ: equal locations π, which cancel.

    Maddison et al. 2017, arXiv:1611.00712, equation 10; Jang et al. 2017, arXiv:1611.01144, equation 3.
    """
    constant = tf.math.lgamma(sizes) + (sizes - 1.0) * math.log(temperature)
    spread = sizes * structure.simplex_logsumexp(-temperature * logs)
    return constant - spread - (temperature + 1.0) * structure.simplex_sums(logs)


def sample(settings: PriorSettings, shape: Sequence[int], seed: Tensor) -> Tensor:
    """float64 γ of `shape`, whose last axis is one simplex, drawn from the density; uniform for prior 'none'.

    A function of `seed`, int32 (2,). Dirichlet: normalised Gamma(c) variables, as Gamma(c + 1)·u^{1/c} in logarithms,
    because those of a small concentration are below every float.
    """
    if settings.name == "gumbel_softmax":
        return tf.nn.softmax(gumbel(shape, seed, tf.float64) / settings.temperature, axis=-1)
    concentration = settings.concentration if settings.name == "dirichlet" else 1.0
    seeds = tf.random.experimental.stateless_split(seed, 2)
    boosted = tf.random.stateless_gamma(shape, seeds[0], alpha=concentration + 1.0, dtype=tf.float64)
    uniform = tf.random.stateless_uniform(shape, seeds[1], minval=1e-300, dtype=tf.float64)
    return tf.nn.softmax(tf.math.log(boosted) + tf.math.log(uniform) / concentration, axis=-1)
