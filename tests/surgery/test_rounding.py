import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas_cli.surgery.channels import find_channels
from nas_cli.surgery.rounding import round_keep

MODEL = keras.Sequential([keras.Input((3,)), keras.layers.Dense(10, name="a"), keras.layers.Dense(2, name="logits")])
CHANNELS = find_channels(MODEL)
SCORES = np.concatenate([np.zeros(3), np.arange(10.0), np.zeros(2)])


@pytest.mark.parametrize(
    ("stay", "multiple", "minimum", "result"),
    [
        ([0, 1, 2], 1, 0, [0, 1, 2]),
        ([0, 1, 2], 4, 0, [0, 1, 2, 9]),
        ([0, 1, 2], 8, 0, [0, 1, 2, 5, 6, 7, 8, 9]),
        (range(9), 8, 0, range(10)),
        ([], 4, 0, []),
        ([], 4, 1, [6, 7, 8, 9]),
        ([], 1, 2, [8, 9]),
        ([3], 1, 20, range(10)),
    ],
)
def test_the_best_of_the_others_come_back(stay: list[int], multiple: int, minimum: int, result: list[int]) -> None:
    keep = {"a": np.isin(np.arange(10), list(stay))}
    rounded = round_keep(CHANNELS, keep, SCORES, multiple, minimum)
    assert np.flatnonzero(rounded["a"]).tolist() == list(result)
    assert rounded["logits"].all() and set(rounded) == {group.name for group in CHANNELS.groups}


@settings(max_examples=50, deadline=None)
@given(st.lists(st.booleans(), min_size=10, max_size=10), st.integers(1, 12), st.integers(0, 12))
def test_nothing_that_stayed_goes_and_nothing_more_than_needed_comes(stay: list[bool], step: int, least: int) -> None:
    kept = np.array(stay)
    rounded = round_keep(CHANNELS, {"a": kept}, SCORES, step, least)["a"]
    assert rounded[kept].all()
    assert rounded.sum() == 10 or (rounded.sum() % step == 0 and rounded.sum() < max(kept.sum(), least) + step)
