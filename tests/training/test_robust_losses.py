"""The losses that bear wrong labels, by hand on the probabilities (1/2, 1/4, 1/4) and (0.1, 0.8, 0.1)."""

import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from nas_cli.errors import ConfigError
from nas_cli.training.losses import build_objective
from nas_cli.training.settings import LossSettings
from tests.training.examples import images, table

LOGITS = np.log(np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]], np.float32))
LABELS = np.array([0, 2])


def losses(name: str, **parameters: Any) -> Any:
    objective = build_objective(LossSettings(name=name, label_smoothing=None, **parameters), images())
    return np.array(objective.losses(LOGITS, LABELS))


def test_symmetric_cross_entropy() -> None:
    # −log p_y and 4·(1 − p_y)
    expected = [0.1 * math.log(2) + 1.5 * 4 * 0.5, 0.1 * math.log(10) + 1.5 * 4 * 0.9]
    found = losses("symmetric_cross_entropy", alpha=0.1, beta=1.5, log_zero=-4.0)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_generalised_cross_entropy_lies_between_cross_entropy_and_absolute_error() -> None:
    np.testing.assert_allclose(
        losses("generalised_cross_entropy", q=0.5), [2 - math.sqrt(2), 2 - 2 * math.sqrt(0.1)], rtol=1e-5
    )
    np.testing.assert_allclose(losses("generalised_cross_entropy", q=1.0), [0.5, 0.9], rtol=1e-6)
    np.testing.assert_allclose(losses("generalised_cross_entropy", q=1e-3), [math.log(2), math.log(10)], rtol=2e-3)


def test_bootstrapping_mixes_in_the_networks_own_answer() -> None:
    entropy = [0.5 * math.log(2) + 0.5 * math.log(4), 0.2 * math.log(10) - 0.8 * math.log(0.8)]
    label = [math.log(2), math.log(10)]
    soft = [0.95 * one + 0.05 * other for one, other in zip(label, entropy, strict=True)]
    np.testing.assert_allclose(losses("bootstrap_soft", beta=0.95), soft, rtol=1e-5)
    hard = [math.log(2), 0.8 * math.log(10) - 0.2 * math.log(0.8)]
    np.testing.assert_allclose(losses("bootstrap_hard", beta=0.8), hard, rtol=1e-5)


def test_a_wrong_label_pulls_less_than_under_cross_entropy() -> None:
    # d/dz of (1 − p_y^q)/q is p_y^q times that of −log p_y.
    objective = build_objective(LossSettings("generalised_cross_entropy", None, q=0.7), images())
    logits = tf.Variable(LOGITS[1:])
    with tf.GradientTape() as tape:
        loss = objective.losses(logits, LABELS[1:])
    expected = 0.1**0.7 * (np.array([[0.1, 0.8, 0.1]]) - np.array([[0, 0, 1]]))
    np.testing.assert_allclose(tape.gradient(loss, logits).numpy(), expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "generalised_cross_entropy", "label_smoothing": None}, "training.loss.q is null"),
        ({"name": "cross_entropy", "label_smoothing": None, "q": 0.7}, "training.loss.q=0.7 with cross_entropy"),
        ({"name": "bootstrap_hard", "label_smoothing": None, "beta": 2.0}, "in [0, 1]"),
        ({"name": "bootstrap_soft", "label_smoothing": 0.1, "beta": 0.5}, "label_smoothing=0.1 with bootstrap_soft"),
    ],
)
def test_parameters_that_a_loss_does_not_have_or_lacks(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        LossSettings(**settings)
    assert message in str(error.value)


def test_a_robust_loss_needs_classes() -> None:
    with pytest.raises(ConfigError, match="does not fit"):
        build_objective(LossSettings("generalised_cross_entropy", None, q=0.7), table())
