"""Which of many networks to evaluate next, by a Gaussian process over the edit distance between networks."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.distance import architecture_distance

NOISE = 0.1
"""Variance of what one training adds to a fitness by chance, in units of the variance of all of them."""

Array = NDArray[np.float64]


def promising(
    pool: Sequence[Architecture],
    known: Sequence[Architecture],
    fitness: Sequence[float],
    wanted: int,
    kappa: float,
) -> list[int]:
    """The positions in `pool` of `wanted` networks with the highest mean + kappa · deviation, in order of choice.

    As Auto-Keras (Jin et al. 2019, arXiv:1806.10282, section 3): a Gaussian process whose kernel falls with the edit
    distance d between networks, and its upper confidence bound. Here the kernel is exp(−d/ℓ) with the median distance
    of the known networks for ℓ, made positive definite by a larger diagonal where it is not; theirs embeds the
    distances first. Of a batch, each network is chosen as if those before it had been found to be what the process
    expects (GP-BUCB, Desautels et al. 2014), so that they are not all alike.
    """
    everything = [*known, *pool]
    covariance = kernel(distances(everything), len(known))
    values = standardised(np.asarray(fitness, np.float64))
    seen, left, chosen = list(range(len(known))), list(range(len(known), len(everything))), list[int]()
    while left and len(chosen) < wanted:
        mean, deviation = posterior(covariance, seen, values, left)
        best = int(np.argmax(mean + kappa * deviation))
        values = np.append(values, mean[best])
        chosen.append(left[best] - len(known))
        seen.append(left.pop(best))
    return chosen


def posterior(covariance: Array, seen: Sequence[int], values: Array, asked: Sequence[int]) -> tuple[Array, Array]:
    """Mean and standard deviation at the positions `asked`, given noisy `values` at the positions `seen`."""
    between = covariance[np.ix_(asked, seen)]
    inside = covariance[np.ix_(seen, seen)] + NOISE * np.eye(len(seen))
    weights = np.linalg.solve(inside, between.T)
    variance = np.diag(covariance)[list(asked)] - np.einsum("ij,ji->i", between, weights)
    return weights.T @ values, np.sqrt(np.maximum(variance, 0.0))


def kernel(distance: Array, known: int) -> Array:
    """exp(−d/ℓ), ℓ the median of the distances above 0 between the first `known` networks (1 if there are none)."""
    among = distance[:known, :known]
    positive = among[among > 0]
    covariance = np.exp(-distance / (float(np.median(positive)) if positive.size else 1.0))
    lowest = float(np.linalg.eigvalsh(covariance)[0])
    return np.asarray(covariance + max(0.0, 1e-9 - lowest) * np.eye(len(covariance)))


def distances(networks: Sequence[Architecture]) -> Array:
    """The edit distance between each two networks, shape (n, n)."""
    found = np.zeros((len(networks), len(networks)))
    for row, first in enumerate(networks):
        for column in range(row):
            found[row, column] = found[column, row] = architecture_distance(first, networks[column])
    return found


def standardised(values: Array) -> Array:
    """The values with mean 0 and deviation 1; all 0 where they are equal."""
    spread = float(values.std())
    return np.asarray((values - values.mean()) / (spread or 1.0))
