"""What is said of a search before it starts."""

import re
from typing import Any

import pytest

from nas_cli.commands import prediction
from nas_cli.commands.prediction import predict_search
from nas_cli.config import load_config


def number(pattern: str, lines: list[str]) -> float:
    found: Any = re.search(pattern, " ".join(lines))
    return float(found[1])


def test_time_and_memory_are_those_of_the_resolution_that_trials_train_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction, "machine_flops", lambda: 1e8)
    whole = predict_search(load_config("search", ["training.batch_size=1024"]))
    small = predict_search(load_config("search", ["training.batch_size=1024", "estimator.resolution=14"]))
    assert number(r"estimated time (\S+) h", small) < 0.5 * number(r"estimated time (\S+) h", whole)
    assert number(r"(\S+) GB per trial", small) < 0.5 * number(r"(\S+) GB per trial", whole)
    assert number(r"median (\S+)\)", small) == number(r"median (\S+)\)", whole)
