"""Masks: chosen, applied, written and read."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nas_cli.errors import ConfigError, RunError
from nas_cli.prune.mask_state import largest_in_graph
from nas_cli.prune.masks import apply_masks, full_masks, largest, load_masks, save_masks, share_left
from nas_cli.prune.weights import find_weights
from tests.prune.prune_settings import prune
from tests.training.examples import images, linear


def test_the_largest_and_of_equal_ones_the_first() -> None:
    scores = np.array([[1, 3], [3, 3]])
    assert largest(scores, 2).tolist() == [[False, True], [True, False]]
    before = np.array([[True, False], [True, True]])
    assert largest(scores, 2, before).tolist() == [[False, False], [True, True]]
    assert largest(scores, 9, before).tolist() == before.tolist()


@given(arrays.arrays(np.float32, (3, 4), elements=st.integers(0, 5)), st.integers(0, 12))
def test_the_graph_chooses_the_same(scores: Any, count: int) -> None:
    assert largest_in_graph(scores, count).numpy().tolist() == largest(scores, count).tolist()


def test_masks_of_a_file_are_those_that_were_written(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    masks = {"nested/a/kernel": rng.random((3, 3, 2, 5)) > 0.5, "b": rng.random(7) > 0.5}
    save_masks(tmp_path / "masks.npz", masks)
    read = load_masks(tmp_path / "masks.npz")
    assert list(read) == list(masks)
    assert all((read[path] == mask).all() and read[path].shape == mask.shape for path, mask in masks.items())


def test_a_file_that_holds_no_masks(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is not a file of masks"):
        load_masks(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("text")
    with pytest.raises(RunError, match="is not a file of masks"):
        load_masks(tmp_path / "text.npz")


def test_masks_of_another_model_are_refused() -> None:
    weights = find_weights(linear(images(train=4)), prune())
    masks = full_masks(weights)
    assert share_left(masks) == 1.0
    with pytest.raises(ConfigError, match="the masks do not fit the model"):
        apply_masks(weights, {weights[0].path: np.ones((2, 2), bool)})
    with pytest.raises(ConfigError, match="the masks do not fit the model"):
        apply_masks(weights, masks | {"other/kernel": np.ones(1, bool)})
