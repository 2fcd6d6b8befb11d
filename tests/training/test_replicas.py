"""Processes that should hold the same network, and one that does not."""

from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.distributed.ring import OneProcess
from nas_cli.errors import ConfigError, RunError
from nas_cli.training.fit import fit
from nas_cli.training.replicas import diverge
from tests.training.examples import PLAIN, convolutional, images, linear, training, weights


class WithAStranger:
    """A ring in which the second process says the same as this one, but for its digests of weights."""

    rank = 0
    size = 2
    begun = 2

    def average(self, tensors: Any, name: str = "gradient") -> list[Any]:
        return list(tensors)

    def broadcast(self, variables: Any) -> None:
        pass

    def gather(self, value: Any) -> list[Any]:
        digests = isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)
        return [value, [f"{item}?" for item in value] if digests else value]

    def barrier(self) -> None:
        pass


def test_different_weights_end_the_training_with_one_line() -> None:
    data = images()
    with pytest.raises(RunError, match="after epoch 1 the 2 processes have different weights") as caught:
        fit(linear(data), data, training(batch_size=8), PLAIN, seed=0, ring=WithAStranger())
    assert "\n" not in str(caught.value)


def test_what_is_left_of_two_processes_takes_the_batches_of_both() -> None:
    data, left = images(), OneProcess(begun=2)
    one, other = linear(data), linear(data)
    other.set_weights(one.get_weights())
    fit(one, data, training(batch_size=4), PLAIN, seed=0, ring=left)
    fit(other, data, training(batch_size=8), PLAIN, seed=0)
    for mine, theirs in zip(weights(one), weights(other), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_several_processes_cannot_be_compiled_by_xla() -> None:
    data = images()
    with pytest.raises(ConfigError, match="jit_compile=true with 2 processes"):
        fit(linear(data), data, training(jit_compile="true"), PLAIN, seed=0, ring=WithAStranger())


def test_dropout_draws_other_masks_in_another_process() -> None:
    class Second(WithAStranger):
        rank = 1

    model = convolutional(images())
    before = weights(model)
    diverge(model, OneProcess())
    for one, other in zip(weights(model), before, strict=True):
        np.testing.assert_array_equal(one, other)
    diverge(model, Second())
    changed = [one for one, other in zip(weights(model), before, strict=True) if not np.array_equal(one, other)]
    assert len(changed) == 1
    assert changed[0].shape == (2,)


def test_an_adapted_normalization_is_the_same_in_another_process() -> None:
    """Its count of examples is an integer as the state of a random generator is, but a single one."""

    class Second(WithAStranger):
        rank = 1

    layer = keras.layers.Normalization()
    layer.adapt(np.random.default_rng(0).standard_normal((20, 4)))
    model = keras.Sequential([keras.Input((4,)), layer])
    before = weights(model)
    diverge(model, Second())
    for one, other in zip(weights(model), before, strict=True):
        np.testing.assert_array_equal(one, other)
