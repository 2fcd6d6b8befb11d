"""Tensors in buckets; the processor of this process stands in for those of the servers."""

import numpy as np
import pytest

from nas_cli.distributed import served_tensors
from nas_cli.distributed.served_tensors import ServedTensors

VALUES = [np.arange(6, dtype=np.float32).reshape(2, 3), np.float32(7), np.ones((2, 1, 2), np.float32)]


@pytest.fixture
def tensors(monkeypatch: pytest.MonkeyPatch) -> ServedTensors:
    monkeypatch.setattr(served_tensors, "server_device", lambda server: "/device:CPU:0")
    return ServedTensors(VALUES, 2)


def check(found: list[np.ndarray], wanted: list[np.ndarray]) -> None:
    for one, other in zip(found, wanted, strict=True):
        assert one.shape == np.shape(other)
        np.testing.assert_array_equal(one, other)


def test_what_is_pulled_is_what_was_given(tensors: ServedTensors) -> None:
    check([tensor.numpy() for tensor in tensors.pull()], VALUES)
    check(tensors.numpy(), VALUES)


def test_what_is_pushed_is_added(tensors: ServedTensors) -> None:
    tensors.push([10 * value for value in VALUES])
    check(tensors.numpy(), [11 * value for value in VALUES])


def test_the_mean_of_the_sums_is_added_and_the_sums_begin_anew(tensors: ServedTensors) -> None:
    sums = tensors.zeros()
    sums.push(VALUES)
    sums.push([3 * value for value in VALUES])
    tensors.move(sums, 2)
    check(tensors.numpy(), [3 * value for value in VALUES])
    check(sums.numpy(), [0 * value for value in VALUES])
