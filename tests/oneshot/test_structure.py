"""γ lies on the simplex that was asked for, and Gumbel-Softmax draws have the density that is stated."""

import numpy as np
import pytest
import tensorflow as tf

from nas_cli.errors import ConfigError
from nas_cli.oneshot.structure import Structure
from tests.oneshot.settings import structure

SEED = tf.constant([3, 5], tf.int32)


def test_an_edge_is_the_softmax_of_its_operations() -> None:
    (gamma,) = Structure(structure()).gamma([np.log([[1.0, 3.0], [2.0, 2.0]])], 0.0, None, True)
    np.testing.assert_allclose(gamma, [[0.25, 0.75], [0.5, 0.5]], rtol=1e-12)


def test_a_vertex_is_the_softmax_over_all_edges_into_it() -> None:
    """Edges 0 and 2 enter the first vertex, edge 1 the second."""
    alpha = np.log([[1.0, 2.0], [1.0, 4.0], [3.0, 4.0]])
    (gamma,) = Structure(structure(simplex="vertex"), [[0, 2], [1]]).gamma([alpha], 0.0, None, True)
    np.testing.assert_allclose(gamma, [[0.1, 0.2], [0.2, 0.8], [0.3, 0.4]], rtol=1e-12)


def test_huge_logits_stay_finite_with_their_gradients() -> None:
    alpha = tf.Variable([[1e4, -1e4], [0.0, 1e4]])
    with tf.GradientTape() as tape:
        (gamma,) = Structure(structure(simplex="vertex"), [[0, 1]]).gamma([alpha], 0.0, None, True)
        first = gamma[0, 0]
    np.testing.assert_allclose(gamma, [[0.5, 0.0], [0.0, 0.5]])
    assert np.isfinite(tape.gradient(first, alpha)).all()


def test_the_temperature_falls_exponentially() -> None:
    one = Structure(structure(relaxation="gumbel_softmax", temperature_start=4.0, temperature_end=0.25))
    assert [float(one.temperature(share)) for share in (0.0, 0.5, 1.0)] == pytest.approx([4.0, 1.0, 0.25])


def test_noise_is_a_function_of_the_seed_and_differs_between_matrices() -> None:
    one = Structure(structure(relaxation="gumbel_softmax"))
    alpha = [np.zeros((2, 3)), np.zeros((2, 3))]
    first, second = one.gamma(alpha, 0.0, SEED, True)
    np.testing.assert_array_equal(first, one.gamma(alpha, 0.0, SEED, True)[0])
    assert not np.allclose(first, second)
    np.testing.assert_allclose(one.gamma(alpha, 0.0, SEED, False)[0], 1 / 3)
    np.testing.assert_allclose(one.gamma(alpha, 0.0, None, True)[0], 1 / 3)


def test_without_heat_the_largest_weight_falls_on_an_operation_with_its_softmax_probability() -> None:
    """The Gumbel-max property: 20 000 draws, four standard errors."""
    probabilities = np.array([0.1, 0.2, 0.7])
    alpha = np.tile(np.log(probabilities), (20_000, 1))
    one = Structure(structure(relaxation="gumbel_softmax", temperature_start=0.1, temperature_end=0.1))
    (gamma,) = one.gamma([alpha], 0.0, SEED, True)
    shares = np.bincount(np.argmax(gamma, axis=1), minlength=3) / 20_000
    assert (abs(shares - probabilities) < 4 * np.sqrt(probabilities * (1 - probabilities) / 20_000)).all()


@pytest.mark.parametrize("groups", [None, [[0], []], [[0, 1], [1, 2]], [[1, 2]]])
def test_groups_that_are_no_partition_of_the_edges_are_refused(groups: list[list[int]] | None) -> None:
    with pytest.raises(ConfigError, match="vertex"):
        Structure(structure(simplex="vertex"), groups)
