"""Chunks hold every batch once, in order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nas_cli.data.dataset import Split
from nas_cli.training.feed import chunks, in_order


@given(st.integers(1, 60), st.integers(1, 16), st.integers(1, 8))
def test_chunks_are_the_batches_joined(count: int, batch: int, wanted: int) -> None:
    split = Split(np.arange(count)[:, None].astype(np.float32), np.arange(count))
    parts = list(chunks(in_order(split, batch), lambda: wanted))
    assert np.concatenate([y.reshape(-1) for _, y in parts]).tolist() == list(range(count))
    assert all(x.shape == (*y.shape, 1) and len(y) <= wanted and y.shape[1] <= batch for x, y in parts)
    assert sum(y.shape[1] < batch for _, y in parts) <= 1
