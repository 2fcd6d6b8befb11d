"""Networks between phases keep the statistics that a Normalization was adapted to."""

from pathlib import Path
from typing import Any

import keras
import numpy as np

from nas_cli.distributed.ring import OneProcess
from nas_cli.training.model_files import ModelFiles

X = np.random.default_rng(0).normal(7, 3, (50, 4)).astype(np.float32)


def network() -> Any:
    layer = keras.layers.Normalization()
    layer.adapt(X)
    return keras.Sequential([keras.Input((4,)), layer, keras.layers.Dense(2)])


class Second:
    """The second process, which gets what the first one has."""

    rank = 1
    size = 2
    begun = 2

    def __init__(self, first: Any) -> None:
        self._first = first

    def average(self, tensors: Any, name: str = "gradient") -> list[Any]:
        return list(tensors)

    def broadcast(self, variables: Any) -> None:
        for variable, value in zip(variables, self._first.variables, strict=True):
            variable.assign(value)

    def gather(self, value: Any) -> list[Any]:
        return [self._first.to_json(), value]

    def barrier(self) -> None:
        pass


def test_fresh_weights_do_not_forget_them(tmp_path: Path) -> None:
    model, files = network(), ModelFiles(tmp_path, OneProcess())
    files.put("start", model)
    fresh = files.get("start", seed=1, fresh=True)
    np.testing.assert_array_equal(fresh.layers[0](X), model.layers[0](X))
    assert not np.allclose(fresh.layers[1].get_weights()[0], model.layers[1].get_weights()[0])


def test_another_process_computes_with_them(tmp_path: Path) -> None:
    model = network()
    np.testing.assert_array_equal(ModelFiles(tmp_path, Second(model)).get("start", seed=1)(X), model(X))
