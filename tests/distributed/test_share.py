"""How several processes divide a batch."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nas_cli.distributed.share import share


def test_whole_batches_are_cut_into_equal_parts_in_order() -> None:
    assert [share(12, rank, 3).rows for rank in range(3)] == [slice(0, 4), slice(4, 8), slice(8, 12)]
    assert {share(12, rank, 3).weight for rank in range(3)} == {1.0}


def test_one_example_for_two_processes_counts_once() -> None:
    shares = [share(1, rank, 2) for rank in range(2)]
    assert [one.rows for one in shares] == [slice(0, 1), slice(0, 1)]
    assert sorted(one.weight for one in shares) == [0.0, 2.0]


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=40), st.integers(1, 9))
def test_the_mean_over_processes_of_weighted_means_is_the_mean_of_the_batch(values: list[float], size: int) -> None:
    batch = np.array(values)
    shares = [share(len(batch), rank, size) for rank in range(size)]
    assert all(0 < one.stop - one.start <= len(batch) // size + 1 for one in shares)
    assert sum(one.stop - one.start for one in shares if one.weight) == len(batch)
    together = np.mean([one.weight * batch[one.rows].mean() for one in shares])
    np.testing.assert_allclose(together, batch.mean(), atol=1e-12)
