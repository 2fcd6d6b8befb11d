"""The densities integrate to one, match hand-computed values and their samples, and push where they are said to."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from nas_cli.oneshot.priors import Prior, log_density, sample
from nas_cli.oneshot.structure import Structure
from tests.oneshot.settings import prior, structure

EDGE = Structure(structure())
SEED = tf.constant([1, 2], tf.int32)
DRAWS = 20_000
BOUND = 1.63 / math.sqrt(DRAWS)
"""Kolmogorov-Smirnov: a sample of the density exceeds it with probability 0.01."""

DENSITIES = [
    prior(concentration=0.5),
    prior(concentration=3.0),
    prior(name="gumbel_softmax", temperature=0.5),
    prior(name="gumbel_softmax", temperature=2.0),
]


def _distance(values: np.ndarray, cumulative: Callable[[np.ndarray], np.ndarray]) -> float:
    """The largest gap between the empirical and the given distribution function."""
    ordered = np.sort(values)
    expected = cumulative(ordered)
    steps = np.arange(len(values) + 1) / len(values)
    return float(max(np.max(steps[1:] - expected), np.max(expected - steps[:-1])))


def _two_operations(settings: object) -> tuple[np.ndarray, np.ndarray]:
    """γ₁ and the integral of the stated density of (γ₁, 1 − γ₁) up to there, over s = logit γ₁: γ₁' = γ₁(1 − γ₁)."""
    logits = np.linspace(-30, 30, 60_001)
    first = 1 / (1 + np.exp(-logits))
    second = 1 / (1 + np.exp(logits))
    density = np.exp(log_density(np.stack([first, second], 1), settings, EDGE)) * first * second
    areas = (density[1:] + density[:-1]) / 2 * np.diff(logits)
    return first, np.concatenate([[0.0], np.cumsum(areas)])


@pytest.mark.parametrize("settings", DENSITIES, ids=str)
def test_samples_have_the_stated_density(settings: object) -> None:
    first, cumulative = _two_operations(settings)
    assert cumulative[-1] == pytest.approx(1.0, abs=1e-4)
    draws = sample(settings, (DRAWS, 2), SEED).numpy()[:, 0]
    assert _distance(draws, lambda values: np.interp(values, first, cumulative)) < BOUND


@pytest.mark.parametrize("settings", DENSITIES, ids=str)
def test_the_density_of_three_operations_integrates_to_one(settings: object) -> None:
    """Monte Carlo over uniform points of the triangle, of area ½, weighed towards the corners by a Dirichlet."""
    helper = prior(concentration=0.4)
    points = sample(helper, (50_000, 3), SEED)
    ratio = np.exp(log_density(points, settings, EDGE) - log_density(points, helper, EDGE))
    assert np.mean(ratio) == pytest.approx(1.0, abs=5 * np.std(ratio) / math.sqrt(len(ratio)) + 1e-3)


@pytest.mark.parametrize("temperature", [0.5, 1.5])
def test_the_relaxation_itself_draws_from_the_gumbel_softmax_density(temperature: float) -> None:
    """γ of the search at equal logits against the prior of the same temperature."""
    settings = structure(relaxation="gumbel_softmax", temperature_start=temperature, temperature_end=temperature)
    (gamma,) = Structure(settings).gamma([np.zeros((DRAWS, 2))], 0.3, SEED, True)
    first, cumulative = _two_operations(prior(name="gumbel_softmax", temperature=temperature))
    assert _distance(gamma.numpy()[:, 0], lambda values: np.interp(values, first, cumulative)) < BOUND


def test_dirichlet_moments() -> None:
    """Mean 1/3 and variance (1/3)(2/3)/(3c + 1)."""
    draws = sample(prior(concentration=0.05), (DRAWS, 3), SEED).numpy()
    np.testing.assert_allclose(draws.mean(axis=0), 1 / 3, atol=0.02)
    np.testing.assert_allclose(draws.var(axis=0), 2 / 9 / 1.15, rtol=0.03)


def test_dirichlet_by_hand() -> None:
    """Γ(3·2)/Γ(2)³·γ₁γ₂γ₃ = 120·0.2·0.3·0.5."""
    value = log_density(np.array([[0.2, 0.3, 0.5]]), prior(concentration=2.0), EDGE)
    np.testing.assert_allclose(value, [math.log(3.6)], rtol=1e-9)


def test_gumbel_softmax_by_hand() -> None:
    """n = 2, τ = 1: Γ(2)·1·(1/γ₁ + 1/γ₂)^{−2}/(γ₁γ₂)² = 1 for every γ."""
    value = log_density(np.array([[0.2, 0.8], [0.5, 0.5]]), prior(name="gumbel_softmax", temperature=1.0), EDGE)
    np.testing.assert_allclose(value, [0.0, 0.0], atol=1e-9)


def test_the_simplex_of_a_vertex_counts_all_its_edges() -> None:
    """One Dirichlet of four weights equals that of the same four in one row."""
    vertex = Structure(structure(simplex="vertex"), [[0, 1]])
    for settings in DENSITIES:
        np.testing.assert_allclose(
            log_density(np.array([[0.1, 0.2], [0.3, 0.4]]), settings, vertex),
            log_density(np.array([[0.1, 0.2, 0.3, 0.4]]), settings, EDGE),
            rtol=1e-9,
        )


@pytest.mark.parametrize("settings", [prior(concentration=0.5), prior(name="gumbel_softmax", temperature=0.3)], ids=str)
def test_a_sparse_prior_pushes_the_leading_operation_up(settings: object) -> None:
    """Stated on the logits, the exponents c − 1 = −½ would be c = ½ and the push would go the other way."""
    alpha = tf.Variable([[0.3, 0.0, -0.1]])
    with tf.GradientTape() as tape:
        loss = Prior(settings, EDGE).penalty([alpha], EDGE.gamma([alpha], 0.0, None, True))
    gradient = tape.gradient(loss, alpha).numpy()[0]
    assert gradient[0] < 0 < gradient[2]


def test_dirichlet_gradient_by_hand() -> None:
    """−λ·d/dα log P = −λ(c − 1)(1 − n·γ): γ = (¼, ¾), c = ½, λ = 2 gives (½, −½)."""
    alpha = tf.Variable(np.log([[1.0, 3.0]]))
    with tf.GradientTape() as tape:
        loss = Prior(prior(weight=2.0), EDGE).penalty([alpha], EDGE.gamma([alpha], 0.0, None, True))
    np.testing.assert_allclose(tape.gradient(loss, alpha), [[0.5, -0.5]], rtol=1e-9)


def test_a_vertex_of_the_simplex_has_a_finite_penalty_and_no_gradient_below_the_floor() -> None:
    alpha = tf.Variable([[60.0, -60.0]])
    for settings in (prior(floor=1e-6), prior(name="gumbel_softmax", floor=1e-6)):
        with tf.GradientTape() as tape:
            loss = Prior(settings, EDGE).penalty([alpha], EDGE.gamma([alpha], 0.0, None, True))
        assert np.isfinite(float(loss))
        np.testing.assert_allclose(tape.gradient(loss, alpha), 0.0, atol=1e-6)


def test_no_prior_is_no_penalty() -> None:
    assert float(Prior(prior(name="none"), EDGE).penalty([], [tf.constant([[0.5, 0.5]])])) == 0.0
