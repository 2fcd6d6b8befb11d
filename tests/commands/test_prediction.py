"""What is said of a search before it starts."""

import re
from typing import Any

import pytest

from nas_cli.commands import prediction
from nas_cli.commands.prediction import predict_morph, predict_search
from nas_cli.config import load_config
from nas_cli.errors import ConfigError


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


def test_compression_is_part_of_the_time_which_is_then_an_upper_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction, "machine_flops", lambda: 1e8)
    plain = predict_search(load_config("search", ["training.epochs=4"]))
    more = predict_search(load_config("search", ["training.epochs=4", "estimator=morph", "estimator.morph.epochs=2"]))
    assert "4 epochs after 2 of compression" in " ".join(more)
    hours = number(r"estimated time at most (\S+) h", more)
    assert hours == pytest.approx(1.5 * number(r"estimated time (\S+) h", plain), rel=0.05)


def test_a_phase_of_steps_counts_as_the_passes_it_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    """6000 images in batches of 60: 25 of 100 steps, for each of two multipliers."""
    monkeypatch.setattr(prediction, "machine_flops", lambda: 1e8)
    same = ["dataset.train_size=6000", "training.batch_size=60", "training.epochs=1", "morph.reduction=0.5"]
    steps = [*same, "morph.steps=25", "morph.multipliers=[1,2]"]
    lines = predict_morph(load_config("morph", steps))
    assert "shrink-1 0.5, retrain 1 epochs" in " ".join(lines)
    longer = predict_morph(load_config("morph", [*same, "morph.epochs=3"]))
    assert "shrink-1 3, retrain 1 epochs" in " ".join(longer)


def test_inheritance_without_compression_is_refused() -> None:
    with pytest.raises(ConfigError, match="add --estimator morph"):
        predict_search(load_config("search", ["strategy.inheritance=modules"]))
