"""What `fit` minimises besides the loss, and what ends it or its epochs early."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nas_cli.training.fit import fit
from tests.training.examples import ADAM, PLAIN, images, linear, training, weights

SGD = replace(ADAM, name="sgd", learning_rate=0.1)


class Squares:
    """strength/2 · Σ w² of one weight; afterwards each bias grows by the learning rate."""

    def __init__(self, model: Any, strength: float) -> None:
        self.kernel, self.bias = model.trainable_variables
        self.strength = strength

    def loss(self) -> Any:
        import keras

        return self.strength / 2 * keras.ops.sum(keras.ops.square(self.kernel))

    def after_step(self, learning_rate: Any) -> None:
        self.bias.assign_add(learning_rate * np.ones(self.bias.shape))


def test_a_penalty_joins_the_gradient_and_not_the_reported_loss() -> None:
    data = images(train=16)
    plain, penalised = linear(data), linear(data)
    first = weights(plain)[0]
    without = fit(plain, data, training(epochs=1, optimizer=SGD), PLAIN, seed=0)
    result = fit(penalised, data, training(epochs=1, optimizer=SGD), PLAIN, seed=0, penalty=Squares(penalised, 0.5))
    assert result.curve[0]["train_loss"] == without.curve[0]["train_loss"]
    shrunk = weights(plain)[0] - 0.1 * 0.5 * first
    np.testing.assert_allclose(weights(penalised)[0], shrunk, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("jit_compile", ["false", "true"])
def test_a_penalty_changes_weights_after_each_step(jit_compile: str) -> None:
    data = images(train=70)
    black = replace(data, train=replace(data.train, x=0 * data.train.x))
    settings = training(epochs=2, optimizer=replace(SGD, learning_rate=1e-3), jit_compile=jit_compile)
    plain, penalised = linear(data), linear(data)
    fit(plain, black, settings, PLAIN, seed=0)
    fit(penalised, black, settings, PLAIN, seed=0, penalty=Squares(penalised, 0.0))
    # 5 batches of 16 from 70 examples, twice; a constant added to all logits leaves the gradients as they are.
    np.testing.assert_allclose(weights(penalised)[1], weights(plain)[1] + 10 * 1e-3, rtol=1e-4)


def test_an_epoch_of_few_steps_is_whole() -> None:
    data = images(train=70)
    seen: list[Any] = []
    result = fit(linear(data), data, training(epochs=3), PLAIN, seed=0, max_steps=2, progress=seen.append)
    assert result.stopped == "completed"
    assert len(result.curve) == 3
    assert all("share" not in epoch for epoch in seen)
    longer = fit(linear(data), data, training(epochs=3), PLAIN, seed=0, max_steps=100)
    assert longer.curve[2]["train_loss"] == fit(linear(data), data, training(epochs=3), PLAIN, 0).curve[2]["train_loss"]


def test_a_reason_to_stop_ends_the_training_also_after_a_resume(tmp_path: Path) -> None:
    data = images()

    def stop(epoch: Any) -> str | None:
        return "hopeless" if epoch["epoch"] == 2 else None

    result = fit(linear(data), data, training(epochs=9), PLAIN, 0, stop=stop, checkpoints=tmp_path)
    assert (result.stopped, len(result.curve)) == ("hopeless", 2)
    again = fit(linear(data), data, training(epochs=9), PLAIN, 0, stop=stop, checkpoints=tmp_path)
    assert (again.stopped, len(again.curve)) == ("hopeless", 2)


def test_without_validation_the_curve_has_no_validation_values() -> None:
    data = images(train=16)
    result = fit(linear(data), data, training(epochs=2, optimizer=SGD), PLAIN, seed=0, validate=False)
    assert len(result.curve) == result.best_epoch == 2
    assert not any(key.startswith("valid_") for epoch in result.curve for key in epoch)
