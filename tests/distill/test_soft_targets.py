"""The student's loss and its gradient, by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from nas_cli.training.losses import CrossEntropy
from nas_cli.training.soft_targets import SoftTargets, Weighting, soft_probabilities

TEACHER = np.array([[2.0, -1.0, 0.5], [0.0, 3.0, -2.0]], np.float32)
OTHER = np.array([[-1.0, 2.0, 0.0], [1.0, 1.0, 4.0]], np.float32)
STUDENT = np.array([[0.3, 0.1, -0.4], [1.0, -0.5, 0.2]], np.float32)
LABELS = np.array([0, 2])


def softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    powers = np.exp(np.asarray(logits, np.float64))
    return powers / powers.sum(axis=-1, keepdims=True)


def loss_and_gradient(weighting: Weighting, soft: object) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    objective, logits = SoftTargets(CrossEntropy(), weighting), tf.Variable(STUDENT)
    with tf.GradientTape() as tape:
        losses = objective.losses(logits, {"label": LABELS, "soft": soft})
        total = tf.reduce_sum(losses)
    return losses.numpy(), tape.gradient(total, logits).numpy()


@pytest.mark.parametrize("temperature", [1.0, 4.0, 20.0])
@pytest.mark.parametrize("pair", [(0.3, 0.7), (1.0, 0.0), (0.0, 1.0), (0.5, 2.0)])
def test_loss_and_gradient_are_those_of_the_formula(temperature: float, pair: tuple[float, float]) -> None:
    hard, soft = pair
    q, p, p_hot = softmax(TEACHER / temperature), softmax(STUDENT), softmax(STUDENT / temperature)
    onehot = np.eye(3)[LABELS]
    expected = -hard * np.log(p[[0, 1], LABELS]) - soft * temperature**2 * (q * np.log(p_hot)).sum(axis=1)
    # The soft term's gradient is λ2·T²·(1/T)·(softmax(z_s/T) − softmax(z_t/T)).
    slope = hard * (p - onehot) + soft * temperature * (p_hot - q)
    losses, gradient = loss_and_gradient(Weighting(temperature, hard, soft), q.astype(np.float32))
    np.testing.assert_allclose(losses, expected, rtol=2e-5)
    np.testing.assert_allclose(gradient, slope, rtol=1e-3, atol=2e-6)


def test_a_pair_of_classes_on_paper() -> None:
    # Teacher (0.8, 0.2) at T = 1, student undecided: both terms are log 2, the gradients −1/2 and −0.3.
    objective, logits = SoftTargets(CrossEntropy(), Weighting(1.0, 0.25, 0.75)), tf.Variable([[0.0, 0.0]])
    with tf.GradientTape() as tape:
        loss = objective.losses(logits, {"label": np.array([0]), "soft": np.array([[0.8, 0.2]], np.float32)})
    assert loss.numpy() == pytest.approx([np.log(2)])
    np.testing.assert_allclose(tape.gradient(loss, logits).numpy(), [[-0.35, 0.35]], rtol=1e-6)


def test_the_lecture_softens_the_teacher_only_and_has_no_square() -> None:
    q = softmax(TEACHER / 4).astype(np.float32)
    lecture = Weighting(4.0, 0.3, 0.7, temperature_squared=False, soften_student=False)
    losses, gradient = loss_and_gradient(lecture, q)
    p = softmax(STUDENT)
    expected = -0.3 * np.log(p[[0, 1], LABELS]) - 0.7 * (q * np.log(p)).sum(axis=1)
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    np.testing.assert_allclose(gradient, 0.3 * (p - np.eye(3)[LABELS]) + 0.7 * (p - q), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("temperature", [1.0, 4.0, 20.0])
def test_two_teachers_are_the_mean_of_probabilities_or_of_logits(temperature: float) -> None:
    first, second = softmax(TEACHER / temperature), softmax(OTHER / temperature)
    mean = soft_probabilities([TEACHER, OTHER], (0.25, 0.75), temperature, "probabilities")
    np.testing.assert_allclose(np.array(mean), 0.25 * first + 0.75 * second, rtol=1e-5)
    geometric = soft_probabilities([TEACHER, OTHER], (0.25, 0.75), temperature, "logits")
    product = first**0.25 * second**0.75
    np.testing.assert_allclose(np.array(geometric), product / product.sum(axis=1, keepdims=True), rtol=1e-5)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_the_gradient_is_that_of_keras_distillation(temperature: float) -> None:
    theirs, logits = (
        keras.distillation.LogitsDistillation(temperature, keras.losses.KLDivergence()),
        tf.Variable(STUDENT),
    )
    with tf.GradientTape() as tape:
        loss = theirs.compute_loss(tf.constant(TEACHER), logits)
    soft = softmax(TEACHER / temperature).astype(np.float32)
    ours = loss_and_gradient(Weighting(temperature, 0.0, 1.0), soft)[1] / len(STUDENT)
    np.testing.assert_allclose(ours, tape.gradient(loss, logits).numpy(), rtol=1e-4, atol=1e-6)


def test_the_metric_is_of_the_labels() -> None:
    objective = SoftTargets(CrossEntropy(), Weighting(4.0, 0.0, 1.0))
    scores = objective.scores(STUDENT, {"label": LABELS, "soft": softmax(TEACHER)})
    assert np.array(scores).tolist() == [1.0, 0.0]
    assert (objective.metric, objective.summary(0.5)) == ("accuracy", 0.5)
