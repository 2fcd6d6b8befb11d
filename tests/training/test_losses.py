"""Losses and metrics, by hand."""

import math

import numpy as np
import pytest

from nas_cli.errors import ConfigError
from nas_cli.training.losses import CrossEntropy, MeanSquaredError, build_objective
from nas_cli.training.settings import LossSettings
from tests.training.examples import images, table

LOGITS = np.log(np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]], np.float32))


def test_cross_entropy_is_minus_the_log_of_the_labels_probability() -> None:
    losses = CrossEntropy().losses(LOGITS, np.array([0, 2]))
    np.testing.assert_allclose(losses, [math.log(2), math.log(10)], rtol=1e-6)


def test_label_smoothing_mixes_in_the_mean_over_all_classes() -> None:
    losses = CrossEntropy(0.3).losses(LOGITS[:1], np.array([0]))
    expected = 0.7 * math.log(2) + 0.3 * (math.log(2) + 2 * math.log(4)) / 3
    np.testing.assert_allclose(losses, [expected], rtol=1e-6)


def test_accuracy_counts_the_largest_logit() -> None:
    assert np.array(CrossEntropy().scores(LOGITS, np.array([0, 2]))).tolist() == [1.0, 0.0]


def test_regression_learns_standardised_targets_and_reports_raw_units() -> None:
    objective = MeanSquaredError(mean=50.0, std=10.0)
    losses = np.array(objective.losses(np.array([[0.5], [0.0]], np.float32), np.array([60.0, 50.0], np.float32)))
    np.testing.assert_allclose(losses, [0.25, 0.0])
    assert objective.summary(float(losses.mean())) == pytest.approx(10 * math.sqrt(0.125))


def test_auto_follows_the_task() -> None:
    auto = LossSettings(name="auto", label_smoothing=None)
    assert isinstance(build_objective(auto, images()), CrossEntropy)
    assert isinstance(build_objective(auto, table()), MeanSquaredError)


def test_a_loss_that_does_not_fit_the_task_is_refused() -> None:
    with pytest.raises(ConfigError, match="use mse or auto"):
        build_objective(LossSettings(name="cross_entropy", label_smoothing=None), table())
    with pytest.raises(ConfigError, match="label_smoothing=0.1"):
        build_objective(LossSettings(name="mse", label_smoothing=0.1), table())
