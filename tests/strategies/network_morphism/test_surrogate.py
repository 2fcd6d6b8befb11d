"""The Gaussian process over networks."""

import numpy as np
import pytest

from nas_cli.strategies.network_morphism.surrogate import NOISE, distances, kernel, posterior, promising
from tests.spaces.random_chains import chain


def test_the_posterior_of_one_observation_is_that_of_the_formula() -> None:
    """k(x, y) = e⁻¹, k(y, y) = 1: mean e⁻¹·v/(1 + noise), variance 1 − e⁻²/(1 + noise)."""
    covariance = np.array([[1.0, np.exp(-1)], [np.exp(-1), 1.0]])
    mean, deviation = posterior(covariance, [0], np.array([2.0]), [1])
    assert mean[0] == pytest.approx(2 * np.exp(-1) / (1 + NOISE))
    assert deviation[0] == pytest.approx(np.sqrt(1 - np.exp(-2) / (1 + NOISE)))


def test_the_kernel_is_positive_definite_and_falls_with_the_distance() -> None:
    rng = np.random.default_rng(0)
    distance = distances([chain(rng) for _ in range(12)])
    covariance = kernel(distance, 6)
    assert np.linalg.eigvalsh(covariance)[0] > 0
    near, far = np.unravel_index(distance.argmax(), distance.shape)
    assert covariance[near, far] == covariance.min()


def test_networks_like_good_ones_are_chosen_when_nothing_is_explored() -> None:
    rng = np.random.default_rng(1)
    known = [chain(rng) for _ in range(6)]
    fitness = [0.0, 0.0, 1.0, 0.0, 0.0, 0.0]
    assert promising([known[0], known[2], known[4]], known, fitness, 1, kappa=0.0) == [1]


def test_a_batch_is_not_of_one_kind() -> None:
    """Two equal candidates: the second is no news after the first."""
    rng = np.random.default_rng(2)
    known = [chain(rng) for _ in range(4)]
    first, other = chain(rng), chain(rng)
    chosen = promising([first, first, other], known, [0.1, 0.1, 0.1, 0.1], 2, kappa=1.0)
    assert sorted(chosen)[1] == 2
