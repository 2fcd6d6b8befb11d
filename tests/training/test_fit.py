"""The fit loop: what it learns, reports, and when it stops."""

import gc
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.data.dataset import Split
from nas_cli.errors import RunError
from nas_cli.training import session
from nas_cli.training.fit import evaluate, fit
from nas_cli.training.settings import LossSettings, ScheduleSettings
from nas_cli.training.steps import prepared_optimizer
from tests.training.examples import ADAM, PLAIN, STANDARD, convolutional, images, linear, table, training, weights

COSINE = ScheduleSettings(name="cosine", warmup=0.1, final_fraction=0.0, factor=None, milestones=None)


def test_it_learns_and_its_last_curve_point_is_what_evaluate_measures() -> None:
    data = images()
    model = convolutional(data)
    result = fit(model, data, training(epochs=12), PLAIN, seed=1)
    assert result.stopped == "completed"
    assert [epoch["epoch"] for epoch in result.curve] == list(range(1, 13))
    assert result.curve[-1]["valid_accuracy"] > 0.9
    measured = evaluate(model, data.validation, data, batch_size=7)
    assert measured["loss"] == pytest.approx(result.curve[-1]["valid_loss"], rel=1e-5)
    assert measured["accuracy"] == result.curve[-1]["valid_accuracy"]


def test_label_smoothing_is_no_part_of_the_validation_loss() -> None:
    data = images()
    model = convolutional(data)
    smooth = LossSettings(name="auto", label_smoothing=0.3)
    result = fit(model, data, training(epochs=2, loss=smooth), PLAIN, seed=1)
    expected = evaluate(model, data.validation, data)["loss"]
    assert result.curve[-1]["valid_loss"] == pytest.approx(expected, rel=1e-5)


def test_regression_reports_rmse_in_raw_units() -> None:
    data = table()
    result = fit(linear(data), data, training(epochs=40, optimizer=replace(ADAM, learning_rate=0.05)), PLAIN, seed=0)
    assert result.curve[0]["valid_rmse"] > 5
    assert result.curve[-1]["valid_rmse"] < 1


def test_a_step_is_plain_gradient_descent_on_the_mean_loss() -> None:
    data = images(train=6)
    model = linear(data)
    kernel, bias = weights(model)
    x = data.train.x.reshape(6, -1).astype(np.float32)
    logits = x @ kernel + bias
    probability = np.exp(logits - logits.max(1, keepdims=True))
    probability /= probability.sum(1, keepdims=True)
    gradient = x.T @ (probability - np.eye(3)[data.train.y]) / 6
    sgd = replace(ADAM, name="sgd", learning_rate=1e-3)
    fit(model, data, training(epochs=1, batch_size=6, optimizer=sgd), PLAIN, seed=0)
    np.testing.assert_allclose(weights(model)[0], kernel - 1e-3 * gradient, rtol=1e-4, atol=1e-5)


def test_every_example_is_seen_once_per_epoch_also_in_a_smaller_last_batch() -> None:
    data = images(train=70)
    still = replace(ADAM, learning_rate=1e-20)
    model = linear(data)
    result = fit(model, data, training(epochs=1, optimizer=still), PLAIN, seed=0)
    assert result.curve[0]["train_loss"] == pytest.approx(evaluate(model, data.train, data)["loss"], rel=1e-4)


def test_a_rest_that_joins_the_last_batch_makes_no_share() -> None:
    """33 examples are batches of 16 and 17."""
    data = images(train=33)
    result = fit(linear(data), data, training(epochs=1, batch_size=16), PLAIN, seed=0)
    assert "share" not in result.curve[0]
    half = fit(linear(data), data, training(epochs=1, batch_size=16), PLAIN, seed=0, max_steps=1)
    assert "share" not in half.curve[0]


def test_a_checkpoint_brings_back_the_statistics_of_a_normalization(tmp_path: Path) -> None:
    """A resumed training computes with what its weights say, also in a network that was not adapted."""
    data = table()

    def network() -> tuple[Any, Any]:
        keras.utils.set_random_seed(0)
        layer = keras.layers.Normalization()
        return layer, keras.Sequential([keras.Input((4,)), layer, keras.layers.Dense(1)])

    layer, model = network()
    layer.adapt(data.train.x * 3 + 1)
    fit(model, data, training(), PLAIN, seed=0, checkpoints=tmp_path)
    _, resumed = network()
    fit(resumed, data, training(), PLAIN, seed=0, checkpoints=tmp_path)
    np.testing.assert_array_equal(resumed(data.test.x), model(data.test.x))


def test_the_same_seed_gives_the_same_network_and_another_seed_another() -> None:
    data = images()

    def trained(seed: int) -> list[Any]:
        model = convolutional(data, seed=3)
        fit(model, data, training(), STANDARD, seed)
        return weights(model)

    first, second, other = trained(1), trained(1), trained(2)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    assert not np.allclose(first[0], other[0])


def test_a_loss_that_is_not_finite_stops_the_training_at_once() -> None:
    data = table()
    huge = replace(ADAM, name="sgd", learning_rate=1e30)
    result = fit(linear(data), data, training(epochs=50, optimizer=huge), PLAIN, seed=0)
    assert result.stopped == "diverged"
    assert len(result.curve) < 50
    assert all(math.isfinite(value) for epoch in result.curve for value in epoch.values())


def test_it_stops_early_when_validation_no_longer_improves() -> None:
    data = images()
    wrong = replace(data, validation=Split(data.validation.x, (data.validation.y + 1) % 3))
    result = fit(convolutional(data), wrong, training(epochs=30, patience=2), PLAIN, seed=0)
    assert result.stopped == "early_stopping"
    losses = [epoch["valid_loss"] for epoch in result.curve]
    assert len(losses) - 1 - losses.index(min(losses)) == 2


def test_restore_best_ends_with_the_weights_of_the_best_epoch() -> None:
    data = images()
    wrong = replace(data, validation=Split(data.validation.x, (data.validation.y + 1) % 3))
    model = convolutional(data)
    result = fit(model, wrong, training(epochs=8, restore_best=True), PLAIN, seed=0)
    best = result.curve[result.best_epoch - 1]
    assert best["valid_accuracy"] == max(epoch["valid_accuracy"] for epoch in result.curve)
    assert evaluate(model, wrong.validation, wrong)["loss"] == pytest.approx(best["valid_loss"], rel=1e-5)


def test_no_time_ends_inside_the_first_epoch() -> None:
    data = images()
    result = fit(convolutional(data), data, training(epochs=1000, max_seconds=1e-9), PLAIN, seed=0)
    assert result.stopped == "out_of_time"
    assert len(result.curve) == 0


def test_little_time_leaves_whole_epochs_and_a_share_of_the_last() -> None:
    data = images()
    result = fit(convolutional(data), data, training(epochs=100_000, max_seconds=2.0), PLAIN, seed=0)
    assert result.stopped == "out_of_time"
    assert all("share" not in epoch for epoch in result.curve[:-1])


class Killed(Exception):
    """Stands for the death of the process."""


@pytest.mark.parametrize("optimizer", ["adam", "nesterov"])
def test_a_resumed_training_equals_an_uninterrupted_one(optimizer: str, tmp_path: Path) -> None:
    data = images()
    chosen = replace(ADAM, name=optimizer, momentum=0.9 if optimizer == "nesterov" else None)
    settings = training(epochs=5, optimizer=chosen, schedule=COSINE, restore_best=True)
    whole = convolutional(data)
    expected = fit(whole, data, settings, STANDARD, seed=4)

    def kill(epoch: Any) -> None:
        if epoch["epoch"] == 2:
            raise Killed

    with pytest.raises(Killed):
        fit(convolutional(data), data, settings, STANDARD, seed=4, checkpoints=tmp_path, progress=kill)
    resumed = convolutional(data, seed=99)
    result = fit(resumed, data, settings, STANDARD, seed=4, checkpoints=tmp_path)
    for a, b in zip(weights(whole), weights(resumed), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    losses = [[epoch["valid_loss"] for epoch in found.curve] for found in (expected, result)]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)
    assert result.best_epoch == expected.best_epoch


def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path) -> None:
    data = images()
    fit(linear(data), data, training(epochs=1), PLAIN, seed=0, checkpoints=tmp_path)
    with pytest.raises(RunError, match="another model, settings, data or seed"):
        fit(linear(data), data, training(epochs=1), PLAIN, seed=1, checkpoints=tmp_path)
    (tmp_path / "training.npz").write_bytes(b"PK damaged")
    with pytest.raises(RunError, match="not a checkpoint"):
        fit(linear(data), data, training(epochs=1), PLAIN, seed=0, checkpoints=tmp_path)


def test_a_checkpoint_of_a_model_with_as_many_weights_is_refused(tmp_path: Path) -> None:
    data = images()
    fit(convolutional(data), data, training(epochs=1), PLAIN, seed=0, checkpoints=tmp_path)
    with pytest.raises(RunError, match="another model"):
        fit(convolutional(data, dropout=0.5), data, training(epochs=1), PLAIN, seed=0, checkpoints=tmp_path)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        other = convolutional(data)
    finally:
        keras.config.set_dtype_policy("float32")
    with pytest.raises(RunError, match="another model"):
        fit(other, data, training(epochs=1), PLAIN, seed=0, checkpoints=tmp_path)


def test_progress_and_tensorboard_get_every_epoch(tmp_path: Path) -> None:
    data = images()
    seen: list[Any] = []
    fit(linear(data), data, training(tensorboard=True), PLAIN, seed=0, progress=seen.append, log_dir=tmp_path)
    assert [(epoch["epoch"], epoch["epochs"]) for epoch in seen] == [(1, 2), (2, 2)]
    assert list(tmp_path.glob("events*"))


def test_a_process_that_trains_many_networks_keeps_none_of_their_graphs() -> None:
    data = images()

    def graphs_after_training() -> int:
        fit(convolutional(data), data, training(epochs=1), PLAIN, seed=0)
        session.forget_models()
        gc.collect()
        return sum(type(thing).__name__ == "FuncGraph" for thing in gc.get_objects())

    assert graphs_after_training() == graphs_after_training()


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_learns_and_keeps_its_weights_in_float32(policy: str) -> None:
    data = images()
    keras.config.set_dtype_policy(policy)
    try:
        model = convolutional(data)
    finally:
        keras.config.set_dtype_policy("float32")
    result = fit(model, data, training(epochs=12), PLAIN, seed=1)
    assert result.curve[-1]["valid_accuracy"] > 0.9
    assert {variable.dtype for variable in model.trainable_variables} == {"float32"}


@pytest.mark.parametrize("nested", [False, True])
def test_float16_gradients_are_scaled_also_where_only_a_nested_layer_has_them(nested: bool) -> None:
    layers = keras.layers
    half = layers.Dense(3, dtype="mixed_float16")
    inner = keras.Sequential([keras.Input((4,)), half], name="inner") if nested else half
    model = keras.Sequential([keras.Input((4,)), inner, layers.Dense(2)])
    optimizer = keras.optimizers.SGD()
    assert isinstance(prepared_optimizer(optimizer, model), keras.optimizers.LossScaleOptimizer)
    plain = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    assert prepared_optimizer(optimizer, plain) is optimizer


def test_it_equals_keras_own_fit_step_for_step() -> None:
    data = images(train=16)
    ours, theirs = convolutional(data, dropout=0.0), convolutional(data, dropout=0.0)
    fit(ours, data, training(epochs=6, batch_size=16), PLAIN, seed=0)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    theirs.compile(keras.optimizers.Adam(0.01), loss)
    theirs.fit(data.train.x.astype(np.float32), data.train.y, batch_size=16, epochs=6, shuffle=False, verbose=0)
    expected = evaluate(theirs, data.validation, data)["loss"]
    assert evaluate(ours, data.validation, data)["loss"] == pytest.approx(expected, rel=1e-3)
