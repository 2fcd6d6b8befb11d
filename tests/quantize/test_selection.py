"""Which method a run keeps, and which examples find the ranges."""

from typing import Any

import numpy as np
import pytest

from nas_cli.errors import ConfigError
from nas_cli.quantize.calibration import calibration_set, check_calibration
from nas_cli.quantize.selection import choose
from tests.training.examples import images


def row(name: str, size: int, accuracy: float) -> dict[str, Any]:
    return {"name": name, "gzip_bytes": size, "valid_accuracy": accuracy}


ROWS = [row("float16", 500, 0.90), row("int8", 250, 0.896), row("keras_int4", 200, 0.80)]
REFERENCE = {"valid_accuracy": 0.90}


def test_the_smallest_file_within_the_allowed_loss_is_chosen() -> None:
    assert choose(ROWS, REFERENCE, 0.005)[0] == "int8"
    assert choose(ROWS, REFERENCE, 0.001)[0] == "float16"
    assert choose(ROWS, REFERENCE, 0.2)[0] == "keras_int4"


def test_the_most_accurate_is_chosen_if_all_lose_more() -> None:
    name, why = choose(ROWS[1:], REFERENCE, 0.001)
    assert name == "int8" and "all lose more" in why


def test_of_a_regression_the_loss_is_relative() -> None:
    rows = [{"name": "a", "gzip_bytes": 2, "valid_rmse": 2.01}, {"name": "b", "gzip_bytes": 1, "valid_rmse": 2.1}]
    assert choose(rows, {"valid_rmse": 2.0}, 0.01)[0] == "a"
    assert choose(rows, {"valid_rmse": 2.0}, 0.06)[0] == "b"


def test_calibration_examples_are_training_examples_and_always_the_same() -> None:
    data = images()
    chosen = calibration_set(data, 10, seed=3)
    assert chosen.dtype == np.float32 and np.array_equal(chosen, calibration_set(data, 10, seed=3))
    assert not np.array_equal(chosen, calibration_set(data, 10, seed=4))
    known = {x.tobytes() for x in data.train.x.astype(np.float32)}
    assert {x.tobytes() for x in chosen} <= known


def test_more_calibration_than_training_examples_is_one_line() -> None:
    with pytest.raises(ConfigError, match="quantize.calibration=500 examples, but the training split has 200: lower"):
        check_calibration(500, 200)
