from dataclasses import replace

import numpy as np
import pytest

from nas_cli.models.tf_keras_model import to_tf_keras
from nas_cli.training.evaluation import evaluate
from nas_cli.training.fit import fit
from nas_cli.training.settings import LossSettings
from nas_cli.training.tf_keras_fit import fit_tf_keras
from tests.training.examples import ADAM, CONSTANT, PLAIN, STANDARD, images, linear, table, training

SGD = replace(ADAM, name="sgd", learning_rate=1e-6)


@pytest.mark.parametrize(
    "settings",
    [
        training(optimizer=SGD, schedule=replace(CONSTANT, name="cosine", warmup=0.2, final_fraction=0.1)),
        training(optimizer=replace(SGD, name="nesterov", momentum=0.9), loss=LossSettings("auto", 0.1)),
    ],
)
def test_a_training_is_that_of_keras_3(settings):
    dataset = images(train=70)
    model = linear(dataset)
    copy = to_tf_keras(model)
    ours = fit(model, dataset, settings, STANDARD, 5)
    theirs = fit_tf_keras(copy, dataset, settings, STANDARD, 5)
    for one, other in zip(ours.curve, theirs.curve, strict=True):
        for key in ("epoch", "valid_loss", "valid_accuracy", "train_accuracy"):
            assert other[key] == pytest.approx(one[key], rel=1e-4)
    np.testing.assert_allclose(copy.get_weights()[0], model.get_weights()[0], atol=1e-5)
    assert theirs.stopped == "completed"


def test_regression_reports_raw_units():
    dataset = table()
    model = linear(dataset)
    settings = training(optimizer=replace(ADAM, learning_rate=0.05), epochs=3)
    copy = to_tf_keras(model)
    result = fit_tf_keras(copy, dataset, settings, PLAIN, 0)
    assert result.curve[-1]["valid_rmse"] == pytest.approx(evaluate(copy, dataset.validation, dataset)["rmse"])
    assert result.curve[-1]["train_rmse"] < result.curve[0]["train_rmse"]


def test_early_stopping_and_best_weights():
    dataset = images()
    copy = to_tf_keras(linear(dataset))
    settings = training(epochs=9, patience=1, restore_best=True, optimizer=replace(ADAM, learning_rate=3.0))
    result = fit_tf_keras(copy, dataset, settings, PLAIN, 0, keep_best=True)
    best = max(epoch["valid_accuracy"] for epoch in result.curve)
    assert evaluate(copy, dataset.validation, dataset)["accuracy"] == pytest.approx(best)


def test_time_is_up():
    copy = to_tf_keras(linear(images()))
    result = fit_tf_keras(copy, images(), training(max_seconds=1e-9), PLAIN, 0)
    assert result.stopped == "out_of_time"
